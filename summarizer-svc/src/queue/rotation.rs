//! The order in which jobs are taken: callers in turn, and each caller's jobs as they came.

use std::collections::VecDeque;

/// Jobs that wait. Those with the same key share one lane, and the lanes take turns; a job without a key has a lane of
/// its own, so that without keys it is first come, first served.
pub(super) struct Rotation<T> {
    lanes: VecDeque<Lane<T>>,
}

struct Lane<T> {
    key: String,
    jobs: VecDeque<(u64, T)>,
}

impl<T> Rotation<T> {
    pub(super) fn new() -> Self {
        Self { lanes: VecDeque::new() }
    }

    /// How many jobs wait.
    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.jobs.len()).sum()
    }

    /// Adds a job; says how many will be taken before it, if no more come.
    pub(super) fn push(&mut self, key: &str, id: u64, job: T) -> usize {
        let before = self.before(key);
        match self.lanes.iter_mut().find(|lane| !key.is_empty() && lane.key == key) {
            Some(lane) => lane.jobs.push_back((id, job)),
            None => self.lanes.push_back(Lane { key: key.to_owned(), jobs: VecDeque::from([(id, job)]) }),
        }
        before
    }

    /// How many jobs would be taken before a new one with this key.
    pub(super) fn before(&self, key: &str) -> usize {
        let own = self.lanes.iter().position(|lane| !key.is_empty() && lane.key == key);
        let Some(own) = own else { return self.lanes.iter().map(|lane| lane.jobs.len().min(1)).sum() };
        let depth = self.lanes.get(own).map_or(0, |lane| lane.jobs.len());
        // Lanes in front of its own have had one turn more when its turn comes.
        let turns = |index: usize| if index < own { depth + 1 } else { depth };
        self.lanes.iter().enumerate().map(|(index, lane)| lane.jobs.len().min(turns(index))).sum()
    }

    /// The next job; its lane goes to the end of the row.
    pub(super) fn pop(&mut self) -> Option<T> {
        let mut lane = self.lanes.pop_front()?;
        let (_, job) = lane.jobs.pop_front()?;
        if !lane.jobs.is_empty() {
            self.lanes.push_back(lane);
        }
        Some(job)
    }

    /// Takes a job out, wherever it waits.
    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let place = |lane: &Lane<T>| lane.jobs.iter().position(|(waiting, _)| *waiting == id);
        let (lane, job) =
            self.lanes.iter().enumerate().find_map(|(lane, jobs)| Some((lane, place(jobs)?)))?;
        let jobs = &mut self.lanes.get_mut(lane)?.jobs;
        let (_, removed) = jobs.remove(job)?;
        if jobs.is_empty() {
            self.lanes.remove(lane);
        }
        Some(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(jobs: &[(&str, u64)]) -> Rotation<u64> {
        let mut rotation = Rotation::new();
        for (key, id) in jobs {
            rotation.push(key, *id, *id);
        }
        rotation
    }

    fn drained(mut rotation: Rotation<u64>) -> Vec<u64> {
        std::iter::from_fn(|| rotation.pop()).collect()
    }

    #[test]
    fn without_keys_it_is_first_come_first_served() {
        assert_eq!(drained(filled(&[("", 1), ("", 2), ("", 3)])), [1, 2, 3]);
    }

    #[test]
    fn a_caller_with_many_jobs_does_not_hold_up_one_with_few() {
        assert_eq!(drained(filled(&[("a", 1), ("a", 2), ("a", 3), ("b", 4), ("", 5)])), [1, 4, 5, 2, 3]);
    }

    #[test]
    fn a_job_that_is_taken_out_is_never_served() {
        let mut rotation = filled(&[("a", 1), ("a", 2), ("b", 3)]);
        assert_eq!(rotation.remove(3), Some(3));
        assert_eq!((rotation.remove(3), rotation.len()), (None, 2));
        assert_eq!(drained(rotation), [1, 2]);
    }

    proptest::proptest! {
        #[test]
        fn the_place_of_a_job_is_how_many_are_served_before_it(keys in proptest::collection::vec("[abc]?", 1..12)) {
            let mut rotation = Rotation::new();
            let mut before = 0;
            let mut newest = 0;
            for key in &keys {
                newest += 1;
                before = rotation.push(key, newest, newest);
            }
            proptest::prop_assert_eq!(drained(rotation).iter().position(|id| *id == newest), Some(before));
        }
    }
}
