//! Work that is done once for all who ask for it at the same time.
//!
//! A task does the work and notes each event; whoever comes while it is under way reads the notes from the beginning.
//! The work is cancelled when the last of them has left.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{clients::summarizer::SummarizerError, summary::SummaryEvent};

/// Events that are noted of one summary; of the progress beyond them nobody hears. A summary of a book has fewer.
const MAX_EVENTS: usize = 20_000;
/// Text that is noted of one summary, in bytes; the summarizer takes articles of as many.
const MAX_TEXT: usize = 4 << 20;

/// What is told on the way to a summary; `Done` or an error is the last.
pub(super) type Told = Result<SummaryEvent, SummarizerError>;

/// Everything that is under way, by its key. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Flights<K>(Arc<Mutex<HashMap<K, Weak<Flight>>>>);

/// Work under way.
#[derive(Debug)]
pub(super) struct Flight {
    told: watch::Receiver<Vec<Told>>,
    _work: DropGuard,
}

/// The end of a flight at which the work is done.
pub(super) struct Pilot {
    notes: watch::Sender<Vec<Told>>,
    text: usize,
    /// Cancelled when nobody waits any more.
    pub(super) deserted: CancellationToken,
}

/// The end of a flight at which somebody waits. Dropping it leaves the flight.
#[derive(Debug)]
pub(super) struct Follower {
    told: watch::Receiver<Vec<Told>>,
    _flight: Arc<Flight>,
    next: usize,
}

impl<K: Eq + Hash> Flights<K> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Joins the flight of this key. Where there is none, `landed` may know its end already, from a flight that ended
    /// just now; else it begins one, and the pilot has to do the work.
    pub(super) fn board<T>(&self, key: K, landed: impl FnOnce() -> Option<T>) -> Boarding<T> {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(&key).and_then(Weak::upgrade) {
            return Boarding::Joined(Follower::of(flight));
        }
        if let Some(end) = landed() {
            return Boarding::Landed(end);
        }
        let (pilot, flight) = begin();
        flights.insert(key, Arc::downgrade(&flight));
        Boarding::Began(pilot, Follower::of(flight))
    }

    /// Takes the flight of this key out, if it is the pilot's; whoever comes from now on begins another.
    pub(super) fn land(&self, key: &K, pilot: &Pilot) {
        let mut flights = self.lock();
        let is_own = |flight: Arc<Flight>| flight.told.same_channel(&pilot.notes.subscribe());
        // One that nobody follows any more may be in the way of nobody either.
        if flights.get(key).is_some_and(|flight| flight.upgrade().is_none_or(is_own)) {
            flights.remove(key);
        }
    }

    /// No change can panic halfway.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Weak<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How somebody got on board.
pub(super) enum Boarding<T> {
    /// A flight under way.
    Joined(Follower),
    /// The flight had ended already.
    Landed(T),
    /// It begins with this.
    Began(Pilot, Follower),
}

/// A flight that nobody else can join.
pub(super) fn begin() -> (Pilot, Arc<Flight>) {
    let (notes, told) = watch::channel(Vec::new());
    let deserted = CancellationToken::new();
    let flight = Arc::new(Flight { told, _work: deserted.clone().drop_guard() });
    (Pilot { notes, text: 0, deserted }, flight)
}

impl Pilot {
    /// Notes an event, and wakes those who wait for it.
    pub(super) fn tell(&mut self, told: Told) {
        self.notes.send_if_modified(|notes| {
            let is_kept = notes.len() < MAX_EVENTS || !matches!(told, Ok(SummaryEvent::Progress(_)));
            if is_kept {
                notes.push(told);
            }
            is_kept
        });
    }

    /// [`tell`](Self::tell) for what comes before the end.
    ///
    /// # Errors
    ///
    /// When there is more text than a summary can have.
    pub(super) fn tell_on(&mut self, event: SummaryEvent) -> Result<(), SummarizerError> {
        if let SummaryEvent::Delta(delta) = &event {
            self.text += delta.text.len();
            if self.text > MAX_TEXT {
                return Err(SummarizerError::Internal { cause: "a summary without an end".to_owned() });
            }
        }
        self.tell(Ok(event));
        Ok(())
    }
}

impl Follower {
    pub(super) fn of(flight: Arc<Flight>) -> Self {
        Self { told: flight.told.clone(), _flight: flight, next: 0 }
    }

    /// What is told next, from the beginning on. Not to be asked after the last.
    pub(super) async fn next(&mut self) -> Told {
        let next = self.next;
        let told = match self.told.wait_for(|notes| notes.len() > next).await {
            Ok(notes) => notes.get(next).cloned(),
            Err(_) => None,
        };
        self.next += 1;
        told.unwrap_or_else(|| Err(SummarizerError::Internal { cause: "the work vanished".to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Delta;

    fn delta(text: &str) -> SummaryEvent {
        SummaryEvent::Delta(Delta { text: text.into() })
    }

    fn began(flights: &Flights<u8>) -> (Pilot, Follower) {
        match flights.board(1, || None::<()>) {
            Boarding::Began(pilot, follower) => (pilot, follower),
            Boarding::Joined(_) | Boarding::Landed(()) => panic!("somebody was there already"),
        }
    }

    #[tokio::test]
    async fn whoever_comes_later_hears_everything_from_the_beginning() {
        let flights = Flights::new();
        let (mut pilot, mut first) = began(&flights);
        pilot.tell_on(delta("One. ")).unwrap();
        assert_eq!(first.next().await, Ok(delta("One. ")));
        let Boarding::Joined(mut second) = flights.board(1, || None::<()>) else { panic!() };
        pilot.tell_on(delta("Two.")).unwrap();
        for follower in [&mut first, &mut second] {
            let expected = if follower.next == 0 { vec!["One. ", "Two."] } else { vec!["Two."] };
            for text in expected {
                assert_eq!(follower.next().await, Ok(delta(text)));
            }
        }
    }

    #[tokio::test]
    async fn it_is_deserted_when_the_last_has_left_and_not_before() {
        let flights = Flights::new();
        let (pilot, first) = began(&flights);
        let Boarding::Joined(second) = flights.board(1, || None::<()>) else { panic!() };
        drop(first);
        assert!(!pilot.deserted.is_cancelled());
        drop(second);
        assert!(pilot.deserted.is_cancelled());
        // And whoever comes now begins anew.
        let (_another, _follower) = began(&flights);
    }

    #[tokio::test]
    async fn a_pilot_that_vanishes_has_failed() {
        let (pilot, mut follower) = began(&Flights::new());
        drop(pilot);
        assert!(matches!(follower.next().await, Err(SummarizerError::Internal { .. })));
    }

    #[test]
    fn a_flight_that_landed_leaves_the_one_that_took_its_place_alone() {
        let flights = Flights::new();
        let (old, follower) = began(&flights);
        drop(follower);
        let (_new, _follower) = began(&flights);
        flights.land(&1, &old);
        assert!(matches!(flights.board(1, || None::<()>), Boarding::Joined(_)));
    }

    #[test]
    fn a_summary_without_an_end_is_given_up() {
        let (mut pilot, _follower) = began(&Flights::new());
        let piece = "x".repeat(MAX_TEXT / 2);
        assert!(pilot.tell_on(delta(&piece)).is_ok() && pilot.tell_on(delta(&piece)).is_ok());
        assert!(pilot.tell_on(delta("x")).is_err());
    }
}
