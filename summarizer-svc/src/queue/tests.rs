//! Jobs that say when they begin, and end when they are told to.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

const LONG: Duration = Duration::from_secs(10);
const GUESS: Duration = Duration::from_secs(2);

/// A job that says when it begins, and ends when it is told to.
fn gated(begun: &Sender<&'static str>, name: &'static str) -> (Work, Sender<()>) {
    let (open, gate): (Sender<()>, Receiver<()>) = channel();
    let begun = begun.clone();
    let work = Box::new(move || {
        begun.send(name).unwrap();
        gate.recv_timeout(LONG).map_or(Ended::Stopped, |()| Ended::Done)
    });
    (work, open)
}

#[test]
fn a_full_queue_refuses_until_somebody_gives_up_a_place() {
    let queue = Queue::start(1, 1, GUESS);
    let (begun, seen) = channel();
    let (running, open) = gated(&begun, "running");
    let running = queue.push("", running).ok().unwrap();
    assert_eq!(running.place.position, 0);
    seen.recv_timeout(LONG).unwrap();
    let (waiting, _open) = gated(&begun, "waiting");
    let waiting = queue.push("", waiting).ok().unwrap();
    assert_eq!(waiting.place.position, 1);
    assert!(matches!(queue.push("", gated(&begun, "third").0), Err(Refusal::Full { .. })));
    drop(waiting);
    let (next, _open) = gated(&begun, "next");
    let _next = queue.push("", next).ok().unwrap();
    open.send(()).unwrap();
    assert_eq!(seen.recv_timeout(LONG).unwrap(), "next");
}

#[test]
fn a_job_that_is_given_up_is_freed_at_once() {
    let queue = Queue::start(1, 4, GUESS);
    let (begun, seen) = channel();
    let (running, _open) = gated(&begun, "running");
    let _running = queue.push("", running).ok().unwrap();
    seen.recv_timeout(LONG).unwrap();
    let article = Arc::new(());
    let held = Arc::clone(&article);
    let work = Box::new(move || {
        drop(held);
        Ended::Done
    });
    drop(queue.push("", work).ok().unwrap());
    assert_eq!(Arc::strong_count(&article), 1);
}

#[test]
fn callers_take_turns() {
    let queue = Queue::start(1, 8, GUESS);
    let (begun, seen) = channel();
    let (running, open) = gated(&begun, "running");
    let mut tickets = vec![queue.push("a", running).ok().unwrap()];
    seen.recv_timeout(LONG).unwrap();
    let mut gates = vec![open];
    for (key, name) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        let (work, open) = gated(&begun, name);
        tickets.push(queue.push(key, work).ok().unwrap());
        gates.push(open);
    }
    let positions: Vec<usize> = tickets.iter().map(|ticket| ticket.place.position).collect();
    assert_eq!(positions, [0, 1, 2, 2]);
    for open in &gates {
        open.send(()).unwrap();
    }
    let order: Vec<&str> = (0..3).map(|_| seen.recv_timeout(LONG).unwrap()).collect();
    assert_eq!(order, ["a1", "b1", "a2"]);
}

#[test]
fn a_panic_takes_no_worker_along() {
    let queue = Queue::start(2, 16, GUESS);
    let panics: Vec<_> = (0..8).map(|_| queue.push("", Box::new(|| panic!("on purpose")))).collect();
    assert!(panics.iter().all(Result::is_ok));
    // Both workers are there: two jobs run at once.
    let (begun, seen) = channel();
    let held = ["one", "two"].map(|name| {
        let (work, open) = gated(&begun, name);
        (queue.push("", work).ok().unwrap(), open)
    });
    seen.recv_timeout(LONG).unwrap();
    seen.recv_timeout(LONG).unwrap();
    drop(held);
}

#[test]
fn a_closed_queue_finishes_what_it_took_and_takes_no_more() {
    let queue = Queue::start(1, 4, GUESS);
    let (begun, seen) = channel();
    let (first, open) = gated(&begun, "first");
    let (second, _open) = gated(&begun, "second");
    let _tickets = [queue.push("", first).ok().unwrap(), queue.push("", second).ok().unwrap()];
    queue.close();
    assert_eq!(queue.push("", gated(&begun, "third").0).err(), Some(Refusal::Closed));
    open.send(()).unwrap();
    assert_eq!(seen.recv_timeout(LONG).unwrap(), "first");
    assert_eq!(seen.recv_timeout(LONG).unwrap(), "second");
}

#[test]
fn the_wait_is_estimated_by_what_jobs_took_and_not_by_those_cut_short() {
    let mut state = State::new(GUESS);
    assert_eq!(state.wait(2, 1), GUESS * 2);
    state.learn(Duration::from_secs(1));
    assert_eq!(state.wait(3, 2), Duration::from_millis(1_500));
    state.learn(Duration::from_secs(2));
    assert_eq!(state.wait(1, 1), Duration::from_millis(1_100));
}

#[test]
fn under_several_workers_a_place_counts_those_who_must_start_before_it() {
    let queue = Queue::start(3, 8, GUESS);
    let (begun, seen) = channel();
    let mut held = Vec::new();
    for expected in [0, 0, 0, 1, 2, 3, 4] {
        assert_eq!(queue.outlook("").wait, GUESS.mul_f64(f64::from(expected) / 3.0));
        let (work, open) = gated(&begun, "job");
        let ticket = queue.push("", work).ok().unwrap();
        assert_eq!(ticket.place.position, expected as usize);
        assert_eq!(ticket.place.estimated_wait, GUESS.mul_f64(f64::from(expected) / 3.0));
        held.push((ticket, open));
    }
    // No more than three have begun, and as soon as one ends another does.
    for _ in 0..3 {
        seen.recv_timeout(LONG).unwrap();
    }
    assert!(seen.try_recv().is_err());
    held[0].1.send(()).unwrap();
    seen.recv_timeout(LONG).unwrap();
}

#[test]
fn the_metrics_show_what_runs_what_waits_and_what_was_refused() {
    let queue = Queue::start(1, 1, GUESS).watched("test");
    let shown = |line: &str| {
        let page = service_kit::metrics::page();
        assert!(page.lines().any(|shown| shown == line), "{line}\n{page}");
    };
    let (begun, seen) = channel();
    let (running, _open) = gated(&begun, "running");
    let _running = queue.push("", running).ok().unwrap();
    seen.recv_timeout(LONG).unwrap();
    shown("nutgraf_summarizer_wait_seconds{engine=\"test\"} 2.0");
    let _waiting = queue.push("", gated(&begun, "waiting").0).ok().unwrap();
    assert!(queue.push("", gated(&begun, "third").0).is_err());
    shown("nutgraf_summarizer_running{engine=\"test\"} 1.0");
    shown("nutgraf_summarizer_queue_depth{engine=\"test\"} 1.0");
    shown("nutgraf_summarizer_wait_seconds{engine=\"test\"} 4.0");
    shown("nutgraf_summarizer_refused_total{engine=\"test\"} 1.0");
    drop(queue);
}
