//! Which replica gets the next call: the one with the lowest (in flight + 1) × latency.

use std::time::Duration;

/// What speaks for and against a replica that can be picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    /// Calls that it works on.
    pub(super) in_flight: usize,
    /// What the method takes there for each call in flight; None before its first answer.
    pub(super) latency: Option<Duration>,
}

/// The index of the best offer; ties go round with `turn`. None where there is no offer.
///
/// A replica of which nothing is known counts as fast as the fastest of the others, so that it is tried at once, and not
/// by everybody at once, for what it works on counts.
pub(super) fn best(offers: &[Option<Offer>], turn: usize) -> Option<usize> {
    let known = offers.iter().flatten().filter_map(|offer| offer.latency);
    let guess = known.min().unwrap_or(Duration::from_millis(1));
    let cost = |offer: &Offer| {
        // Clocks are not finer; and no latency at all would hide what is in flight.
        let latency = offer.latency.unwrap_or(guess).max(Duration::from_micros(1));
        latency.as_micros().saturating_mul(offer.in_flight as u128 + 1)
    };
    let length = offers.len().max(1);
    (0..offers.len())
        .map(|step| (turn % length + step) % length)
        .filter_map(|index| Some((index, cost(offers.get(index)?.as_ref()?))))
        .min_by_key(|(_, cost)| *cost)
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(in_flight: usize, latency_ms: u64) -> Offer {
        Offer { in_flight, latency: Some(Duration::from_millis(latency_ms)) }
    }

    #[test]
    fn fewer_calls_in_flight_win_and_so_does_the_faster_one() {
        assert_eq!(best(&[Some(known(2, 20)), Some(known(1, 20)), Some(known(3, 20))], 0), Some(1));
        assert_eq!(best(&[Some(known(0, 200)), Some(known(5, 20))], 0), Some(1));
        assert_eq!(best(&[Some(known(0, 200)), Some(known(15, 20))], 0), Some(0));
    }

    #[test]
    fn ties_go_round() {
        let offers = [Some(known(1, 20)), None, Some(known(1, 20)), Some(known(1, 20))];
        let picked: Vec<_> = (0..8).filter_map(|turn| best(&offers, turn)).collect();
        assert_eq!(picked, [0, 2, 2, 3, 0, 2, 2, 3]);
    }

    #[test]
    fn one_of_which_nothing_is_known_counts_as_fast_as_the_fastest() {
        let new = |in_flight| Some(Offer { in_flight, latency: None });
        assert_eq!(best(&[Some(known(1, 20)), Some(known(0, 30)), new(0)], 0), Some(2));
        assert_eq!(best(&[Some(known(1, 20)), Some(known(0, 30)), new(1)], 0), Some(1));
        assert_eq!(best(&[new(1), new(0)], 0), Some(1));
    }

    fn offers() -> impl Strategy<Value = Vec<Option<Offer>>> {
        let latency = proptest::option::of((0_u64..1 << 40).prop_map(Duration::from_nanos));
        let offer = (0_usize..1000, latency).prop_map(|(in_flight, latency)| Offer { in_flight, latency });
        proptest::collection::vec(proptest::option::of(offer), 0..12)
    }

    proptest! {
        #[test]
        fn only_an_offer_is_ever_picked_and_one_always_is(offers in offers(), turn: usize) {
            let picked = best(&offers, turn);
            prop_assert_eq!(picked.is_some(), offers.iter().any(Option::is_some));
            if let Some(picked) = picked {
                prop_assert!(offers[picked].is_some());
            }
        }

        #[test]
        fn nobody_is_passed_over_for_one_that_is_busier_and_slower(offers in offers(), turn: usize) {
            if let Some(Offer { in_flight, latency: Some(latency) }) = best(&offers, turn).and_then(|index| offers[index]) {
                for other in offers.iter().flatten() {
                    let better = other.in_flight < in_flight
                        && other.latency.is_some_and(|known| known + Duration::from_micros(1) < latency);
                    prop_assert!(!better, "{:?}", other);
                }
            }
        }
    }
}
