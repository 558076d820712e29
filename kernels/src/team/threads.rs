//! The process's threads: how many, and where they run.

use std::{io, num::NonZero, sync::OnceLock, thread::available_parallelism};

use rayon::ThreadPoolBuilder;

use super::{Team, processors};

/// With how many threads a process computes, and where they run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Threads {
    /// None, or more than there are, for as many as there are processors that the process may use, of which on Linux its affinity
    /// and the quota of its control group take some away: with more, each would wait for one that doesn't run. Rayon's
    /// `RAYON_NUM_THREADS` can say None's too.
    pub count: Option<NonZero<usize>>,
    /// Whether each stays on a processor of its own: on different cores as long as there are any, and on those of one NUMA node, if that
    /// has enough of them.
    pub pinned: bool,
}

/// Why threads can't be as somebody wants them.
#[derive(Debug, thiserror::Error)]
pub enum ThreadsError {
    /// They were started otherwise before, or by their first use.
    #[error("the process has its threads already")]
    Started,
    /// The system has no way to keep a thread on a processor, or gives no thread.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// With what it was started, and the team.
static GLOBAL: OnceLock<(Threads, Team)> = OnceLock::new();

impl Threads {
    /// Whether this system can have them so.
    ///
    /// # Errors
    ///
    /// Where it can't.
    pub fn check(self) -> Result<(), ThreadsError> {
        if self.pinned {
            processors::allowed()?;
        }
        Ok(())
    }

    /// Starts the process's threads: rayon's global pool and the [team](Team::global). Once; to ask for the same again changes nothing,
    /// and what is the default starts when it is used.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), and where they were started otherwise before, or by their first use.
    pub fn start(self) -> Result<(), ThreadsError> {
        match GLOBAL.get() {
            Some((started, _)) if *started == self => return Ok(()),
            Some(_) => return Err(ThreadsError::Started),
            None if self == Self::default() => return Ok(()),
            None => {}
        }
        let processors = if self.pinned { processors::allowed()? } else { Vec::new() };
        let of_pool = processors.clone();
        let pool = ThreadPoolBuilder::new().num_threads(self.count.map_or(0, at_most));
        let pool = pool.start_handler(move |at| {
            // The pool has no way to say that it failed, and the team tries the same.
            let _ = of_pool.get(at).map(|processor| processors::stay_on(&[*processor]));
        });
        pool.build_global().map_err(|_| ThreadsError::Started)?;
        let team = Team::on(of_team(), &processors)?;
        GLOBAL.set((self, team)).map_err(|_| ThreadsError::Started)
    }
}

/// No more threads than there are processors for them.
fn at_most(threads: NonZero<usize>) -> usize {
    available_parallelism().map_or(threads, |processors| threads.min(processors)).get()
}

/// As many threads as rayon's global pool has, or as there are processors for.
fn of_team() -> usize {
    NonZero::new(rayon::current_num_threads()).map_or(1, at_most)
}

impl Team {
    /// The process's own: as [`Threads`] has started it, or else with rayon's own number of threads, or fewer where there are fewer
    /// processors; of the caller alone where the system gives none.
    pub fn global() -> &'static Self {
        let start = || Self::new(of_team()).unwrap_or_else(|_| Self::alone());
        &GLOBAL.get_or_init(|| (Threads::default(), start())).1
    }
}
