//! Threads that split one piece of work after the other.
//!
//! A step of a decoder is some forty pieces of work of a few µs each, and every one of them needs the one before. So a
//! thread that has done its part looks out for the next one for a moment before it sleeps, and a share always begins with
//! the same thread: a core finds its weights in its own cache, where that is large enough. Nobody waits for a thread
//! that has not begun, whoever asked does its part too, and of a share whoever is done takes over what is left. So a core
//! that is busy otherwise costs nothing, and one that is slow only what it is at. And whoever waits begins to fetch the
//! weights that it is likely to need next: what memory gives in a moment is most of what a step takes.
#![expect(unsafe_code, reason = "threads that outlive a call borrow from it what they work on")]

mod ahead;
mod left;
mod post;
mod processors;
#[cfg(test)]
mod tests;
mod threads;

use std::{
    any::Any,
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicPtr, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle, Thread},
};

use ahead::{Ahead, Fetched};
use left::Left;
use post::{ASLEEP, AWAITED, IDLE, OPEN, OVER, Post, TAKEN, look_out};
pub use threads::{Threads, ThreadsError};

/// A thread for each part of a piece of work: the caller's own, and others that wait for it.
#[derive(Debug)]
pub struct Team {
    shared: Arc<Shared>,
    members: Vec<JoinHandle<()>>,
    /// Held by whoever has the team: what was fetched for a caller.
    turn: Mutex<Fetched>,
    /// What the members leave to callers, where each has a processor of its own.
    free: Vec<usize>,
}

#[derive(Debug, Default)]
struct Shared {
    /// One for each thread but the caller's.
    posts: Vec<Post>,
    /// Of a piece of work that is [split](Team::split), for each thread.
    shares: Vec<Left>,
    /// What each thread is likely to read next, the caller's first.
    ahead: Vec<Ahead>,
    /// What is done now.
    work: AtomicPtr<&'static Work<'static>>,
    caller: Mutex<Option<Thread>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

type Work<'a> = dyn Fn(usize) + Sync + 'a;

impl Team {
    /// A team of so many threads, of which one is the caller's.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn new(threads: usize) -> io::Result<Self> {
        Self::on(threads, &[])
    }

    /// [`new`](Self::new), each thread but the caller's on a processor of its own, the second and those after it, as long as there are any.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and when a thread can't be kept there.
    pub(crate) fn on(threads: usize, processors: &[usize]) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            posts: (1..threads).map(|_| Post::default()).collect(),
            shares: (0..threads).map(|_| Left::default()).collect(),
            ahead: (0..threads).map(|_| Ahead::default()).collect(),
            ..Shared::default()
        });
        let free = processors.iter().take(1).chain(processors.iter().skip(threads)).copied().collect();
        let mut team = Self { shared, members: Vec::new(), turn: Mutex::default(), free };
        for part in 1..threads {
            let (shared, own) = (Arc::clone(&team.shared), processors.get(part).copied());
            let (settled, settles) = mpsc::sync_channel(1);
            let member = thread::Builder::new().name(format!("team-{part}")).spawn(move || {
                // Whoever starts the thread waits for it.
                let _ = settled.send(own.map_or(Ok(()), |own| processors::stay_on(&[own])));
                shared.serve(part);
            });
            team.members.push(member?);
            settles.recv().map_err(io::Error::other)??;
        }
        Ok(team)
    }

    fn alone() -> Self {
        Self { shared: Arc::default(), members: Vec::new(), turn: Mutex::default(), free: Vec::new() }
    }

    /// Keeps the calling thread off the processors that members have of their own. For one that has nothing else to do than to call.
    pub fn make_room(&self) {
        if !self.free.is_empty() {
            // It was possible for the members.
            let _ = processors::stay_on(&self.free);
        }
    }

    /// Threads, the caller's included.
    pub fn threads(&self) -> usize {
        self.members.len() + 1
    }

    /// Calls `act` with each of `0..parts`, of which as many are done at once as there are threads, the same part by the same thread
    /// where that is awake and comes in time. While another has the team, the caller does all.
    pub fn run(&self, parts: usize, act: impl Fn(usize) + Sync) {
        match self.turn(parts) {
            Some(turn) => self.take_turn(turn, parts, &act),
            None => (0..parts).for_each(act),
        }
    }

    /// None where there is nothing to divide, or another has the team.
    fn turn(&self, parts: usize) -> Option<MutexGuard<'_, Fetched>> {
        if parts > 1 && self.threads() > 1 { self.turn.try_lock().ok() } else { None }
    }

    fn take_turn(&self, mut turn: MutexGuard<'_, Fetched>, parts: usize, act: &Work<'_>) {
        let shared = &*self.shared;
        shared.work.store((&raw const act).cast_mut().cast(), Ordering::Relaxed);
        let posts = shared.posts.get(..parts - 1).unwrap_or(&shared.posts);
        for (post, member) in posts.iter().zip(&self.members) {
            if post.0.swap(OPEN, Ordering::AcqRel) == ASLEEP {
                member.thread().unpark();
            }
        }
        shared.attempt(act, 0);
        (posts.len() + 1..parts).for_each(|part| shared.attempt(act, part));
        for (post, part) in posts.iter().zip(1..) {
            if post.0.compare_exchange(OPEN, IDLE, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                shared.attempt(act, part);
            } else {
                shared.wait(post, &mut turn);
            }
        }
        let panic = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(turn);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Calls `act` with parts of `0..count`, at most `grain` long each. At most `most` threads have a share of about one size, which they
    /// go through from its front; whoever is done goes on with what another has left, from its end. So all are done at about the
    /// same time, whatever a core has to wait for.
    pub fn split(&self, count: usize, most: usize, grain: usize, act: impl Fn(Range<usize>) + Sync) {
        let parts = self.parts(most);
        let (Some(turn), Ok(_)) = (self.turn(parts), u32::try_from(count)) else { return act(0..count) };
        let shares = self.shared.shares.get(..parts).unwrap_or_default();
        for (part, share) in shares.iter().enumerate() {
            let Range { start, end } = share_of(part, parts, count);
            share.set(start as u32..end as u32);
        }
        let grain = u32::try_from(grain).unwrap_or(u32::MAX).max(1);
        self.take_turn(turn, parts, &|part| {
            let (before, own) = shares.split_at(part);
            let Some((own, after)) = own.split_first() else { return };
            std::iter::from_fn(|| own.front(grain)).for_each(&act);
            for other in after.iter().chain(before) {
                std::iter::from_fn(|| other.back(grain)).for_each(&act);
            }
        });
    }

    /// Tells each thread which part of `0..count` it will begin with when they are [split](Self::split) among at most `most` of them, and
    /// `bytes` which it is likely to read then: while it waits for others, it begins to fetch some of them from memory.
    pub(crate) fn look_ahead<'a>(&self, count: usize, most: usize, bytes: impl Fn(Range<usize>) -> &'a [u8]) {
        let parts = self.parts(most);
        for (part, ahead) in self.shared.ahead.iter().enumerate() {
            ahead.set(if part < parts { bytes(share_of(part, parts, count)) } else { &[] });
        }
    }

    /// Threads of which at most `most` have a share.
    fn parts(&self, most: usize) -> usize {
        self.threads().min(most).max(1)
    }

    /// Calls `act` with each item, whoever has time taking the next.
    pub fn each<T: Send>(&self, items: impl Iterator<Item = T> + Send, act: impl Fn(T) + Sync) {
        let items = Mutex::new(items.fuse());
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.run(self.threads(), |_| {
            while let Some(item) = next() {
                act(item);
            }
        });
    }
}

/// Of `0..count`, divided among `parts`.
fn share_of(part: usize, parts: usize, count: usize) -> Range<usize> {
    part * count / parts..(part + 1) * count / parts
}

impl Drop for Team {
    fn drop(&mut self) {
        for (post, member) in self.shared.posts.iter().zip(&self.members) {
            post.0.store(OVER, Ordering::Release);
            member.thread().unpark();
        }
        for member in self.members.drain(..) {
            // What a part panicked with went to whoever asked for it.
            let _ = member.join();
        }
    }
}

impl Shared {
    /// A thread's whole life.
    fn serve(&self, part: usize) {
        let (Some(post), Some(ahead)) = (self.posts.get(part - 1), self.ahead.get(part)) else { return };
        let mut fetched = Fetched::default();
        while post.take(|| fetched.some_of(ahead)) {
            // SAFETY: the post was open, so what this points to was set before and stays until the post is idle again, for which
            // its owner waits.
            let work = unsafe { *self.work.load(Ordering::Relaxed) };
            self.attempt(work, part);
            if post.0.swap(IDLE, Ordering::AcqRel) == AWAITED
                && let Some(caller) = &*self.caller.lock().unwrap_or_else(PoisonError::into_inner)
            {
                caller.unpark();
            }
        }
    }

    /// Does a part; keeps what it panics with for whoever asked.
    fn attempt(&self, work: &Work<'_>, part: usize) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(part))) {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }

    /// Until a part that somebody has taken is done.
    fn wait(&self, post: &Post, fetched: &mut Fetched) {
        let meanwhile = || self.ahead.first().is_some_and(|ahead| fetched.some_of(ahead));
        if look_out(|| post.0.load(Ordering::Acquire) == IDLE, meanwhile) {
            return;
        }
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        if post.0.compare_exchange(TAKEN, AWAITED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            while post.0.load(Ordering::Acquire) == AWAITED {
                thread::park();
            }
        }
    }
}
