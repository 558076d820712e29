//! A replica whose calls break gets none for a while.

use std::time::Duration;

use tokio::time::Instant;

/// The first time out; each further one without an answer in between is twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest time out.
const LONGEST: Duration = Duration::from_secs(30);

/// Whether, and until when, a replica is out.
#[derive(Debug, Default)]
pub(super) struct Ejection {
    until: Option<Instant>,
    in_a_row: u32,
    total: u64,
}

impl Ejection {
    /// How much longer it is out; None where it isn't.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Puts it out, and says for how long; None where it is out already: calls that break together count once.
    pub(super) fn eject(&mut self, now: Instant) -> Option<Duration> {
        if self.left(now).is_some() {
            return None;
        }
        let time = FIRST.saturating_mul(1 << self.in_a_row.min(8)).min(LONGEST);
        self.until = Some(now + time);
        self.in_a_row += 1;
        self.total += 1;
        Some(time)
    }

    /// A call was answered.
    pub(super) fn answered(&mut self) {
        self.in_a_row = 0;
    }

    /// It says anew that it serves. That ends the first time out; whoever breaks calls again and again sits it out.
    pub(super) fn lift(&mut self) {
        if self.in_a_row <= 1 {
            self.until = None;
        }
    }

    /// How often it was put out.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_doubles_until_a_call_is_answered() {
        let (mut ejection, mut now) = (Ejection::default(), Instant::now());
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(ejection.eject(now), Some(Duration::from_secs(seconds)));
            assert_eq!(ejection.eject(now), None);
            now += Duration::from_secs(seconds);
            assert_eq!(ejection.left(now), None);
        }
        ejection.answered();
        assert_eq!(ejection.eject(now), Some(FIRST));
        assert_eq!(ejection.total(), 8);
    }

    #[test]
    fn saying_anew_that_it_serves_ends_the_first_time_out_only() {
        let (mut ejection, now) = (Ejection::default(), Instant::now());
        ejection.eject(now);
        ejection.lift();
        assert_eq!(ejection.left(now), None);
        ejection.eject(now);
        ejection.lift();
        assert!(ejection.left(now).is_some());
    }
}
