//! What happens, and when.

/// A stretch of the script.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phase {
    pub(super) name: &'static str,
    pub(super) seconds: u64,
    pub(super) act: Act,
}

/// What happens at the beginning of a phase. Replicas are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    /// SIGKILL; its name is gone 1.5 s later.
    Kill(usize),
    /// It is new, or comes back.
    Start(usize),
    /// It comes back, and takes ten times as long.
    StartSlow(usize),
    /// SIGTERM; its name is gone 1.5 s after it has ended.
    Terminate(usize),
    /// SIGSTOP.
    Freeze(usize),
    /// SIGCONT.
    Thaw(usize),
    /// Names can't be resolved for 10 s.
    LoseNames,
    /// Its packets vanish.
    Cut(usize),
    /// They arrive again.
    Mend(usize),
}

impl Act {
    /// Whom it happens to, and whether he gets calls from then on.
    pub(super) fn replica(self) -> Option<(usize, bool)> {
        match self {
            Self::Nothing | Self::LoseNames => None,
            Self::Kill(replica) | Self::Terminate(replica) | Self::Freeze(replica) | Self::Cut(replica) => {
                Some((replica, false))
            }
            Self::Start(replica) | Self::StartSlow(replica) | Self::Thaw(replica) | Self::Mend(replica) => {
                Some((replica, true))
            }
        }
    }
}

const fn phase(name: &'static str, seconds: u64, act: Act) -> Phase {
    Phase { name, seconds, act }
}

/// Begins with replicas 1 to 3.
pub(super) const PHASES: &[Phase] = &[
    phase("quiet", 40, Act::Nothing),
    phase("kill -9 of 1, named 1.5 s more", 25, Act::Kill(1)),
    phase("a 4th", 25, Act::Start(4)),
    phase("SIGTERM to 2", 25, Act::Terminate(2)),
    phase("1 is back, 10 × slower", 40, Act::StartSlow(1)),
    phase("SIGSTOP to 3", 25, Act::Freeze(3)),
    phase("SIGCONT to 3", 25, Act::Thaw(3)),
    phase("no names for 10 s", 20, Act::LoseNames),
    phase("packets of 4 vanish", 25, Act::Cut(4)),
    phase("packets of 4 arrive", 20, Act::Mend(4)),
];
