//! Order statistics of measured times.

use std::{fmt, time::Duration};

/// Times in ascending order; at least one.
#[derive(Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// None where nothing was measured.
    pub(crate) fn new(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        (!times.is_empty()).then_some(Self(times))
    }

    /// The smallest time that at least `share` (0 to 1) of the times don't exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil().max(1.0) as usize;
        self.0.get(rank - 1).or(self.0.last()).copied().unwrap_or_default()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.quantile(share).as_secs_f64() * 1e3;
        write!(
            f,
            "n {:5}  median {:8.2} ms  quartiles {:.2} to {:.2}  p99 {:8.2}  max {:8.2}",
            self.0.len(),
            ms(0.5),
            ms(0.25),
            ms(0.75),
            ms(0.99),
            ms(1.0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times = Times::new((1..=100).rev().map(Duration::from_millis).collect()).unwrap();
        assert_eq!(times.quantile(0.5), Duration::from_millis(50));
        assert_eq!(times.quantile(0.99), Duration::from_millis(99));
        assert_eq!(times.quantile(1.0), Duration::from_millis(100));
        assert_eq!(times.quantile(0.0), Duration::from_millis(1));
        assert!(Times::new(Vec::new()).is_none());
    }
}
