//! The processors that a team's threads stay on, where they are to stay.

use std::io;

/// The processors that this thread may run on, in the order in which a team takes them: first one hardware thread of every
/// core, and of these first those of one NUMA node, so that a team that a node has room for stays there.
///
/// # Errors
///
/// Where there is no system call for it: everywhere but on Linux.
pub(super) fn allowed() -> io::Result<Vec<usize>> {
    Ok(in_order(system::allowed()?.into_iter().map(system::place).collect()))
}

fn in_order(mut places: Vec<Place>) -> Vec<usize> {
    places.sort_unstable_by_key(|place| (place.sibling, place.node, place.processor));
    places.into_iter().map(|place| place.processor).collect()
}

/// Keeps this thread, and those that it starts, on some processors.
///
/// # Errors
///
/// As [`allowed`], and for processors that it may not run on.
pub(super) fn stay_on(processors: &[usize]) -> io::Result<()> {
    system::stay_on(processors)
}

/// Where a processor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    processor: usize,
    /// Which of its core's hardware threads it is.
    sibling: usize,
    node: usize,
}

#[cfg(target_os = "linux")]
mod system {
    use std::{fs, io, path::PathBuf};

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::Place;

    pub(super) fn allowed() -> io::Result<Vec<usize>> {
        let set = sched_getaffinity(None)?;
        Ok((0..CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect())
    }

    pub(super) fn stay_on(processors: &[usize]) -> io::Result<()> {
        let mut set = CpuSet::new();
        processors.iter().filter(|processor| **processor < CpuSet::MAX_CPU).for_each(|at| set.set(*at));
        Ok(sched_setaffinity(None, &set)?)
    }

    /// As the kernel tells it (`Documentation/admin-guide/cputopology.rst`). Where it doesn't, each processor is a core, and all are in one node.
    pub(super) fn place(processor: usize) -> Place {
        let folder = PathBuf::from(format!("/sys/devices/system/cpu/cpu{processor}"));
        let siblings = fs::read_to_string(folder.join("topology/thread_siblings_list")).unwrap_or_default();
        let sibling = numbers(&siblings).filter(|sibling| *sibling < processor).count();
        let node = |name: &str| name.strip_prefix("node")?.parse().ok();
        let node = fs::read_dir(folder)
            .ok()
            .and_then(|mut entries| entries.find_map(|entry| node(entry.ok()?.file_name().to_str()?)));
        Place { processor, sibling, node: node.unwrap_or_default() }
    }

    /// The numbers of a list such as `0-3,8`; what is no number is left out.
    pub(super) fn numbers(list: &str) -> impl Iterator<Item = usize> {
        list.trim()
            .split(',')
            .filter_map(|range| {
                let (from, to) = range.split_once('-').unwrap_or((range, range));
                Some(from.parse().ok()?..=to.parse().ok()?)
            })
            .flatten()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use super::Place;

    pub(super) fn allowed() -> io::Result<Vec<usize>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "threads can be kept on their cores on Linux only"))
    }

    pub(super) fn stay_on(_: &[usize]) -> io::Result<()> {
        allowed().map(drop)
    }

    pub(super) fn place(processor: usize) -> Place {
        Place { processor, sibling: 0, node: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_list_of_processors_is_read() {
        let of = |list| system::numbers(list).collect::<Vec<_>>();
        assert_eq!(of("0-3,8\n"), [0, 1, 2, 3, 8]);
        assert_eq!(of("5"), [5]);
        assert!(of("").is_empty() && of("x-3,-,\0").is_empty());
    }

    #[test]
    fn cores_of_one_node_come_first_and_second_hardware_threads_last() {
        // Two nodes of two cores of two threads, numbered in turns, as many servers do it.
        let place = |processor| Place { processor, sibling: processor / 4, node: processor % 2 };
        assert_eq!(in_order((0..8).map(place).collect()), [0, 2, 1, 3, 4, 6, 5, 7]);
        // Of desktops, a core's threads are often side by side.
        let place = |processor| Place { processor, sibling: processor % 2, node: 0 };
        assert_eq!(in_order((0..6).map(place).collect()), [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_that_stays_on_a_processor_may_run_there_alone() {
        let last = *allowed().unwrap().last().unwrap();
        let then = std::thread::spawn(move || stay_on(&[last]).and_then(|()| allowed())).join();
        assert_eq!(then.unwrap().unwrap(), [last]);
        assert!(stay_on(&[]).is_err());
    }
}
