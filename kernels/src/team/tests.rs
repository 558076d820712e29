use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use super::*;

#[test]
fn each_part_is_done_once_whatever_their_number() {
    for threads in 1..5 {
        let team = Team::new(threads).unwrap();
        for parts in (0..7).cycle().take(2_000) {
            let done: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
            team.run(parts, |part| {
                done[part].fetch_add(1, SeqCst);
            });
            assert!(done.iter().all(|done| done.load(SeqCst) == 1), "{threads} {done:?}");
        }
    }
}

#[test]
fn parts_are_done_at_once() {
    let team = Team::new(3).unwrap();
    // Nobody would get past it alone. Who sleeps wakes up late, and the caller may have done his part: so it takes attempts.
    let met = (0..1_000).any(|_| {
        let inside = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        team.run(3, |_| {
            most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
            let began = Instant::now();
            while most.load(SeqCst) < 3 && began.elapsed() < Duration::from_millis(5) {
                thread::yield_now();
            }
            inside.fetch_sub(1, SeqCst);
        });
        most.load(SeqCst) == 3
    });
    assert!(met);
}

#[test]
fn whoever_finds_the_team_taken_works_alone() {
    let team = Team::new(2).unwrap();
    let done = AtomicUsize::new(0);
    team.run(2, |_| team.run(2, |_| _ = done.fetch_add(1, SeqCst)));
    assert_eq!(done.load(SeqCst), 4);
    let barrier = Barrier::new(4);
    let count = || {
        barrier.wait();
        (0..500).for_each(|_| team.run(3, |_| _ = done.fetch_add(1, SeqCst)));
    };
    thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(count)));
    assert_eq!(done.load(SeqCst), 4 + 4 * 500 * 3);
}

#[test]
fn a_panic_reaches_whoever_asked_and_the_team_goes_on() {
    let team = Team::new(3).unwrap();
    for broken in 0..3 {
        let caught = catch_unwind(AssertUnwindSafe(|| team.run(3, |part| assert!(part != broken, "broken"))));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"broken"));
    }
    let done = AtomicUsize::new(0);
    team.run(3, |_| _ = done.fetch_add(1, SeqCst));
    assert_eq!(done.load(SeqCst), 3);
}

#[test]
fn each_number_of_a_range_is_in_one_part() {
    for threads in 1..5 {
        let team = Team::new(threads).unwrap();
        for (count, grain) in (0..40).flat_map(|count| [(count, 1), (count, 3), (count, 100)]) {
            let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            team.split(count, 1 + count % 6, grain, |part| {
                assert!(threads == 1 || count % 6 == 0 || part.len() <= grain);
                done[part].iter().for_each(|done| _ = done.fetch_add(1, SeqCst));
            });
            assert!(done.iter().all(|done| done.load(SeqCst) == 1), "{threads} {count} {grain} {done:?}");
        }
    }
}

#[test]
fn whoever_is_done_takes_over_from_the_others() {
    let team = Team::new(2).unwrap();
    let (count, done) = (100, AtomicUsize::new(0));
    // Whoever gets the first waits for all others, half of which were his.
    let waits = |first: usize| {
        done.store(0, SeqCst);
        let began = Instant::now();
        team.split(count, 2, 1, |part| {
            while part.start == first
                && done.load(SeqCst) < count - 1
                && began.elapsed() < Duration::from_secs(10)
            {
                thread::yield_now();
            }
            assert!(part.start != first || done.load(SeqCst) == count - 1);
            done.fetch_add(1, SeqCst);
        });
        assert_eq!(done.load(SeqCst), count);
    };
    (0..20).flat_map(|_| [0, count / 2]).for_each(waits);
}

#[test]
fn a_range_is_split_by_whoever_finds_the_team_taken() {
    let team = Team::new(3).unwrap();
    let done = AtomicUsize::new(0);
    let count = || (0..500).for_each(|_| team.split(50, 3, 4, |part| _ = done.fetch_add(part.len(), SeqCst)));
    thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(count)));
    assert_eq!(done.load(SeqCst), 4 * 500 * 50);
}

#[test]
fn items_are_shared_out() {
    let team = Team::new(3).unwrap();
    let mut values: Vec<usize> = (0..1_000).collect();
    team.each(values.iter_mut(), |value| *value *= 2);
    assert!(values.iter().enumerate().all(|(at, value)| *value == 2 * at));
}

#[test]
fn who_slept_wakes_up() {
    let team = Team::new(2).unwrap();
    let asleep = || team.shared.posts[0].0.load(SeqCst) == ASLEEP;
    for _ in 0..20 {
        while !asleep() {
            thread::yield_now();
        }
        let began = Instant::now();
        let by = Mutex::new(Vec::new());
        team.run(2, |_| {
            by.lock().unwrap().push(thread::current().id());
            // The caller leaves the other one time to come.
            while by.lock().unwrap().len() < 2 && began.elapsed() < Duration::from_secs(10) {
                thread::yield_now();
            }
        });
        let by = by.into_inner().unwrap();
        assert!(by.len() == 2 && by[0] != by[1]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_are_to_stay_have_a_processor_each_and_leave_the_others_to_callers() {
    let allowed = processors::allowed().unwrap();
    let team = Team::on(3, &allowed).unwrap();
    let places = Mutex::new(vec![Vec::new(); 3]);
    // Who comes late finds his part done by the caller.
    while places.lock().unwrap()[1..].iter().any(Vec::is_empty) {
        team.run(3, |part| {
            let name = thread::current().name().unwrap_or_default().to_owned();
            if name == format!("team-{part}") {
                places.lock().unwrap()[part] = processors::allowed().unwrap();
            }
            thread::yield_now();
        });
    }
    for (part, places) in places.into_inner().unwrap().iter().enumerate().skip(1) {
        assert_eq!(*places, allowed.get(part).map_or_else(|| allowed.clone(), |own| vec![*own]));
    }
    thread::spawn(move || {
        team.make_room();
        let left: Vec<usize> = allowed.iter().take(1).chain(allowed.iter().skip(3)).copied().collect();
        assert_eq!(processors::allowed().unwrap(), left);
    })
    .join()
    .unwrap();
}
