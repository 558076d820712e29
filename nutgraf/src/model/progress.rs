//! How far a download is: a bar on a terminal, else a line now and then.

use std::{
    convert::Infallible,
    future::pending,
    io::{IsTerminal as _, stderr},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use model_hub::{Phase, Progress, Size};
use tokio::sync::watch;

use crate::exit::say;

/// Between two lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows progress until it is dropped.
pub(super) async fn show(mut progress: watch::Receiver<Progress>, model: String) -> Infallible {
    let mut display: Box<dyn Display> =
        if stderr().is_terminal() { Box::new(Bar::new(&model)) } else { Box::new(Lines::new(model)) };
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        display.update(&now);
    }
    pending().await
}

trait Display {
    fn update(&mut self, progress: &Progress);
}

struct Bar(ProgressBar);

impl Bar {
    fn new(model: &str) -> Self {
        let bar = ProgressBar::new(0).with_prefix(model.to_owned());
        // The template is ours, and a test has it parsed.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self(bar)
    }
}

const TEMPLATE: &str = "{prefix} {wide_bar} {msg}";

impl Display for Bar {
    fn update(&mut self, progress: &Progress) {
        // A bar of no length is a full one.
        self.0.set_length(progress.bytes_total.max(1));
        self.0.set_position(progress.bytes_done);
        self.0.set_message(words(progress));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

struct Lines {
    model: String,
    last: Instant,
}

impl Lines {
    fn new(model: String) -> Self {
        Self { model, last: Instant::now() }
    }
}

impl Display for Lines {
    fn update(&mut self, progress: &Progress) {
        if self.last.elapsed() >= LINE_EVERY {
            say(&self.model, words(progress));
            self.last = Instant::now();
        }
    }
}

fn words(progress: &Progress) -> String {
    let of = format!("{} of {}", Size(progress.bytes_done), Size(progress.bytes_total));
    match progress.phase {
        Phase::Asking => "asking the hub".to_owned(),
        Phase::Downloading => {
            let seconds = (progress.bytes_total - progress.bytes_done.min(progress.bytes_total))
                .checked_div(progress.bytes_per_second);
            let left = seconds.map(|seconds| format!(", {}", left(seconds))).unwrap_or_default();
            format!("{of}, {}/s{left}", Size(progress.bytes_per_second))
        }
        Phase::Waiting => format!("{of}, another process fetches the rest"),
        Phase::Verifying => format!("{of}, comparing checksums"),
        Phase::Done => of,
    }
}

fn left(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s left"),
        60..3_600 => format!("{} min left", seconds.div_ceil(60)),
        _ => format!("{} h left", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_a_template() {
        ProgressStyle::with_template(TEMPLATE).unwrap();
    }

    #[test]
    fn it_says_how_long_it_will_take() {
        let mut progress = Progress {
            phase: Phase::Downloading,
            bytes_done: 42_000_000,
            bytes_total: 242_000_000,
            bytes_per_second: 2_000_000,
            ..Progress::default()
        };
        assert_eq!(words(&progress), "42.0 MB of 242.0 MB, 2.0 MB/s, 2 min left");
        progress.bytes_per_second = 0;
        assert_eq!(words(&progress), "42.0 MB of 242.0 MB, 0 B/s");
    }
}
