//! The point in time by which a request must be answered. It is set once, at the door, and travels inwards.

use std::time::{Duration, Instant};

/// When a request's time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// `budget` from now; a budget that no clock can hold counts as a year.
    pub fn after(budget: Duration) -> Self {
        const YEAR: Duration = Duration::from_hours(365 * 24);
        let now = Instant::now();
        Self(now.checked_add(budget).unwrap_or(now + YEAR))
    }

    /// What is left; zero when the time is up.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether the time is up.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }

    /// The same as an instant.
    pub fn instant(self) -> Instant {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_has_passed_and_an_endless_one_has_not() {
        assert!(Deadline::after(Duration::ZERO).has_passed());
        assert!(!Deadline::after(Duration::MAX).has_passed());
    }
}
