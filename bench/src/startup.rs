//! From process start to the first ready answer.

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use clap::Args;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use crate::{BenchError, stats::Times};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The program to start.
    #[arg(long, default_value = "target/release/nutgraf")]
    binary: PathBuf,
    /// How often.
    #[arg(long, default_value_t = 20)]
    runs: usize,
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let (mut printed, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..arguments.runs {
        let (line, answer) = once(&arguments).await?;
        printed.push(line);
        ready.push(answer);
    }
    for (what, times) in [("address printed", printed), ("/readyz answered 200", ready)] {
        if let Some(times) = Times::new(times) {
            println!("{what:22} {times}");
        }
    }
    Ok(())
}

/// Time until the address line came, and until the server said that it is ready.
async fn once(arguments: &Arguments) -> Result<(Duration, Duration), BenchError> {
    let began = Instant::now();
    let mut server = Command::new(&arguments.binary)
        .args(["--listen", "127.0.0.1:0", "--log", "error"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let no_line = || BenchError::Unexpected("no address on standard output".to_owned());
    let mut lines = BufReader::new(server.stdout.take().ok_or_else(no_line)?).lines();
    let line = timeout(Duration::from_secs(20), lines.next_line()).await.map_err(|_| no_line())??;
    let printed = began.elapsed();
    let address = line.ok_or_else(no_line)?;
    let status = reqwest::get(format!("{}/readyz", address.trim_end_matches('/'))).await?.status();
    let ready = began.elapsed();
    server.kill().await?;
    if status.is_success() {
        Ok((printed, ready))
    } else {
        Err(BenchError::Unexpected(format!("/readyz answered {status} after the address was printed")))
    }
}
