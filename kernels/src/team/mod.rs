//! Threads that split one piece of work after the other.
//!
//! A step of a decoder is some forty pieces of work of a few µs each, and every one of them needs the one before. So a
//! thread that has done its part looks out for the next one for a moment before it sleeps, and a share always begins with
//! the same thread: a core finds its weights in its own cache, where that is large enough. Nobody waits for a thread
//! that has not begun, whoever asked does its part too, and of a share whoever is done takes over what is left. So a core
//! that is busy otherwise costs nothing, and one that is slow only what it is at.
#![expect(unsafe_code, reason = "threads that outlive a call borrow from it what they work on")]

mod left;
#[cfg(test)]
mod tests;

use std::{
    any::Any,
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicPtr, AtomicU8, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

use left::Left;

/// How long somebody looks out before he sleeps: longer than what lies between two pieces of work of a step.
const LOOK_OUT: Duration = Duration::from_micros(50);
/// Looks between two looks at the clock.
const LOOKS: usize = 32;

/// Nothing to do, or done.
const IDLE: u8 = 0;
/// A part waits for somebody to do it.
const OPEN: u8 = 1;
/// Somebody does it.
const TAKEN: u8 = 2;
/// Somebody does it, and whoever asked sleeps until it is done.
const AWAITED: u8 = 3;
/// Nothing to do, and the thread sleeps.
const ASLEEP: u8 = 4;
/// The end.
const OVER: u8 = 5;

/// A thread for each part of a piece of work: the caller's own, and others that wait for it.
#[derive(Debug)]
pub struct Team {
    shared: Arc<Shared>,
    members: Vec<JoinHandle<()>>,
    /// Held by whoever has the team.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Shared {
    /// One for each thread but the caller's.
    posts: Vec<Post>,
    /// Of a piece of work that is [split](Team::split), for each thread.
    shares: Vec<Left>,
    /// What is done now.
    work: AtomicPtr<&'static Work<'static>>,
    caller: Mutex<Option<Thread>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Where a thread gets its parts. Each has a cache line of its own, and the next one, which some processors fetch along.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Post(AtomicU8);

impl Team {
    /// A team of so many threads, of which one is the caller's.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn new(threads: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            posts: (1..threads).map(|_| Post::default()).collect(),
            shares: (0..threads).map(|_| Left::default()).collect(),
            work: AtomicPtr::default(),
            caller: Mutex::default(),
            panic: Mutex::default(),
        });
        let mut team = Self { shared, members: Vec::new(), turn: Mutex::new(()) };
        for part in 1..threads {
            let shared = Arc::clone(&team.shared);
            let member = thread::Builder::new().name(format!("team-{part}"));
            team.members.push(member.spawn(move || shared.serve(part))?);
        }
        Ok(team)
    }

    /// The process's own, of as many threads as rayon's global pool; of the caller alone where the system gives none.
    pub fn global() -> &'static Self {
        static TEAM: OnceLock<Team> = OnceLock::new();
        TEAM.get_or_init(|| Self::new(rayon::current_num_threads()).unwrap_or_else(|_| Self::alone()))
    }

    fn alone() -> Self {
        let (work, caller, panic) = (AtomicPtr::default(), Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { posts: Vec::new(), shares: Vec::new(), work, caller, panic });
        Self { shared, members: Vec::new(), turn: Mutex::new(()) }
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
    fn turn(&self, parts: usize) -> Option<MutexGuard<'_, ()>> {
        if parts > 1 && self.threads() > 1 { self.turn.try_lock().ok() } else { None }
    }

    fn take_turn(&self, turn: MutexGuard<'_, ()>, parts: usize, act: &Work<'_>) {
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
                shared.wait(post);
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
        let parts = self.threads().min(most).max(1);
        let (Some(turn), Ok(_)) = (self.turn(parts), u32::try_from(count)) else { return act(0..count) };
        let shares = self.shared.shares.get(..parts).unwrap_or_default();
        for (part, share) in shares.iter().enumerate() {
            share.set((part * count / parts) as u32..((part + 1) * count / parts) as u32);
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
        let Some(post) = self.posts.get(part - 1) else { return };
        while post.take() {
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
    fn wait(&self, post: &Post) {
        if look_out(|| post.0.load(Ordering::Acquire) == IDLE) {
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

impl Post {
    /// Waits for a part and takes it; false at the end.
    fn take(&self) -> bool {
        let take = || self.0.compare_exchange(OPEN, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        let is_over = || self.0.load(Ordering::Relaxed) == OVER;
        loop {
            let mut taken = false;
            look_out(|| {
                let state = self.0.load(Ordering::Relaxed);
                taken = state == OPEN && take();
                taken || state == OVER
            });
            if taken || is_over() {
                return taken;
            }
            if self.0.compare_exchange(IDLE, ASLEEP, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                while self.0.load(Ordering::Relaxed) == ASLEEP {
                    thread::park();
                }
            }
        }
    }
}

/// Looks for a moment whether something is so.
fn look_out(mut is_so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        for _ in 0..LOOKS {
            if is_so() {
                return true;
            }
            std::hint::spin_loop();
        }
        if began.elapsed() > LOOK_OUT {
            return false;
        }
    }
}
