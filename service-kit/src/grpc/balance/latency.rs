//! How long a replica takes for a call, for each call that it works on: a peak-sensitive, fading average.
//!
//! A slower answer counts at once, faster ones only bit by bit (the "peak EWMA" of Finagle and linkerd), so that a replica
//! in trouble loses its share with the first slow answer. An answer counts by the calls that were ahead of it: what it
//! waited for them is no fault of the replica, and the balancer multiplies by what is in flight anyway.
//!
//! Without new answers the value fades, so that the replica is tried again. One that proves as slow as before then fades
//! half as fast, and so on: else a replica that is slow for good would cost the same number of slow calls each minute.

use http::uri::PathAndQuery;
use std::time::Duration;
use tokio::time::Instant;

/// A value below this fades to 1/e in this time; one above loses a second each second until then, so that a single long
/// answer is forgotten in about the time that it took.
const FADE: Duration = Duration::from_secs(1);
/// How many times slower it fades at most.
const MOST_RELUCTANCE: u32 = 8;
/// A value that has faded to this share was not asked for a while: the next answer tells whether it is still so slow.
const STALE: f64 = 0.6;
/// Most methods that are told apart.
const MOST_METHODS: usize = 32;

/// The latency of one method.
#[derive(Debug, Clone, Copy)]
struct Latency {
    value: Duration,
    at: Instant,
    /// How many times slower it fades than one of which nothing is known.
    reluctance: u32,
}

impl Latency {
    fn new(value: Duration, at: Instant) -> Self {
        Self { value, at, reluctance: 1 }
    }

    fn now(self, now: Instant) -> Duration {
        let elapsed = now.saturating_duration_since(self.at) / self.reluctance;
        let above = self.value.saturating_sub(FADE);
        let Some(fading) = elapsed.checked_sub(above) else {
            return self.value.saturating_sub(elapsed);
        };
        self.value.min(FADE).mul_f64((-fading.as_secs_f64() / FADE.as_secs_f64()).exp())
    }

    fn after(self, sample: Duration, now: Instant) -> Self {
        let faded = self.now(now);
        let weight = if self.value.is_zero() { 0.0 } else { faded.div_duration_f64(self.value) };
        let blend = faded + sample.mul_f64(1.0 - weight);
        let value = if sample >= self.value { sample } else { blend };
        Self { value, at: now, reluctance: self.reluctance(sample, weight < STALE) }
    }

    /// A single peak is forgotten fast, and so is what is no longer true.
    fn reluctance(self, sample: Duration, is_stale: bool) -> u32 {
        let confirmed = (self.value / 2..=self.value * 2).contains(&sample);
        match (is_stale, confirmed) {
            (true, true) => (self.reluctance * 2).min(MOST_RELUCTANCE),
            (true, false) => 1,
            (false, _) if sample > self.value * 2 => 1,
            (false, _) => self.reluctance,
        }
    }
}

/// The latencies of a replica, by method: what one method takes says nothing about another.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<(PathAndQuery, Latency)>);

impl Latencies {
    /// What `method` takes; None before its first answer.
    pub(super) fn of(&self, method: &PathAndQuery, now: Instant) -> Option<Duration> {
        self.find(method).map(|latency| latency.now(now))
    }

    /// The slowest method's.
    pub(super) fn highest(&self, now: Instant) -> Option<Duration> {
        self.0.iter().map(|(_, latency)| latency.now(now)).max()
    }

    /// An answer came after `sample` for each call.
    pub(super) fn observe(&mut self, method: &PathAndQuery, sample: Duration, now: Instant) {
        let known = self.find(method);
        let latency = known.map_or(Latency::new(sample, now), |latency| latency.after(sample, now));
        self.put(method, latency);
    }

    /// No answer came within `least`: this can only make it slower.
    pub(super) fn raise(&mut self, method: &PathAndQuery, least: Duration, now: Instant) {
        if self.of(method, now).is_none_or(|known| known < least) {
            self.put(method, Latency::new(least, now));
        }
    }

    fn find(&self, method: &PathAndQuery) -> Option<Latency> {
        self.0.iter().find(|(known, _)| known == method).map(|(_, latency)| *latency)
    }

    fn put(&mut self, method: &PathAndQuery, latency: Latency) {
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| known == method) {
            *known = latency;
        } else if self.0.len() < MOST_METHODS {
            self.0.push((method.clone(), latency));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn method() -> PathAndQuery {
        PathAndQuery::from_static("/a.B/C")
    }

    #[test]
    fn a_slow_answer_counts_at_once_and_fast_ones_bit_by_bit() {
        let (mut latencies, began) = (Latencies::default(), Instant::now());
        latencies.observe(&method(), 20 * MS, began);
        latencies.observe(&method(), 200 * MS, began);
        assert_eq!(latencies.of(&method(), began), Some(200 * MS));
        latencies.observe(&method(), 20 * MS, began + 100 * MS);
        let after = latencies.of(&method(), began + 100 * MS).unwrap();
        assert!((150 * MS..199 * MS).contains(&after), "{after:?}");
    }

    #[test]
    fn a_value_fades_with_time_and_a_long_one_in_about_the_time_that_it_took() {
        let began = Instant::now();
        let faded = |value: u32, after: u32| {
            let mut latencies = Latencies::default();
            latencies.observe(&method(), MS * value, began);
            latencies.of(&method(), began + MS * after).unwrap()
        };
        assert!(faded(200, 3000) < 11 * MS);
        assert_eq!(faded(10_000, 4000), 6000 * MS);
        assert_eq!(faded(10_000, 9000), 1000 * MS);
        assert!((360 * MS..370 * MS).contains(&faded(10_000, 10_000)));
    }

    #[test]
    fn one_that_proves_slow_again_and_again_fades_ever_slower() {
        let (mut latencies, mut now) = (Latencies::default(), Instant::now());
        let mut waits = Vec::new();
        latencies.observe(&method(), 200 * MS, now);
        for _ in 0..6 {
            let mut waited = 0;
            while latencies.of(&method(), now).unwrap() > 30 * MS {
                now += 10 * MS;
                waited += 10;
            }
            waits.push(waited);
            latencies.observe(&method(), 200 * MS, now);
        }
        assert!(
            waits[..4].windows(2).all(|pair| (pair[0] * 19 / 10..=pair[0] * 2).contains(&pair[1])),
            "{waits:?}"
        );
        assert_eq!(waits[3..], [waits[3]; 3], "{waits:?}");
        // It has recovered, and is slow once.
        now += 60_000 * MS;
        latencies.observe(&method(), 20 * MS, now);
        latencies.observe(&method(), 200 * MS, now);
        assert!(latencies.of(&method(), now + 3000 * MS).unwrap() < 11 * MS);
    }

    #[test]
    fn no_answer_only_ever_makes_it_slower() {
        let (mut latencies, now) = (Latencies::default(), Instant::now());
        latencies.observe(&method(), 200 * MS, now);
        latencies.raise(&method(), 20 * MS, now);
        assert_eq!(latencies.of(&method(), now), Some(200 * MS));
        latencies.raise(&method(), 2000 * MS, now);
        assert_eq!(latencies.of(&method(), now), Some(2000 * MS));
    }

    #[test]
    fn methods_are_told_apart_up_to_a_limit() {
        let (mut latencies, now) = (Latencies::default(), Instant::now());
        for number in 0..100 {
            let method: PathAndQuery = format!("/a.B/{number}").parse().unwrap();
            latencies.observe(&method, MS * number, now);
        }
        assert_eq!(latencies.0.len(), MOST_METHODS);
        assert_eq!(latencies.highest(now), Some(31 * MS));
    }
}
