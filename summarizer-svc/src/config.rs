//! The summarizer's settings: each is a flag and an environment variable.

use std::{net::SocketAddr, num::NonZero, thread::available_parallelism, time::Duration};

use clap::Args;
use inference::Threads;
use model_hub::{Hub, ModelRef};
use service_kit::config::{Validate, byte_size, duration};

use crate::{engine::abstractive::Dtype, models::Models};

/// Summaries that a model writes at once where they share its steps: beyond these each more gains little, and all wait longer.
const BATCHED: usize = 4;

/// Where the summarizer listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 50052));

/// The summarizer's settings.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(id = "summarizer-config")]
pub struct Config {
    /// Summaries that are made at once; 0 for as many as there are cores.
    #[arg(long, env = "NUTGRAF_SUMMARIZER_WORKERS", value_name = "N", default_value_t = 0)]
    pub summarizer_workers: usize,
    /// Requests that may wait for a worker; one more is told to come back later.
    #[arg(long, env = "NUTGRAF_QUEUE_LIMIT", value_name = "N", default_value_t = 64)]
    pub queue_limit: usize,
    /// Largest article, in bytes of UTF-8, its headline included.
    #[arg(long, env = "NUTGRAF_MAX_INPUT", value_name = "BYTES", default_value = "1MB", value_parser = byte_size)]
    pub max_input: usize,
    /// Name of this replica in its answers; empty for the host's name and the process id.
    #[arg(long, env = "NUTGRAF_REPLICA", value_name = "NAME", default_value = "")]
    pub replica: String,
    /// A language model that writes summaries: a preset such as distilbart (taken where no name is given), org/name, or a
    /// directory. The first is the default; several may be given.
    #[arg(
        long,
        env = "NUTGRAF_MODEL",
        value_name = "NAME",
        value_delimiter = ',',
        num_args = 0..=1,
        default_missing_value = "distilbart"
    )]
    pub model: Vec<ModelRef>,
    /// Memory that all loaded models may take together; who was used the longest ago goes first.
    #[arg(long, env = "NUTGRAF_MODEL_MEMORY", value_name = "BYTES", default_value = "4GB", value_parser = byte_size)]
    pub model_memory: usize,
    /// In which numbers models compute.
    #[arg(long, env = "NUTGRAF_DTYPE", value_name = "TYPE", value_enum, default_value = "auto")]
    pub dtype: Dtype,
    /// Summaries that models write at once, all of them on all cores; 0 for 4 where their steps are taken together (int8),
    /// else for 1.
    #[arg(long, env = "NUTGRAF_MODEL_WORKERS", value_name = "N", default_value_t = 0)]
    pub model_workers: usize,
    /// Threads that models compute with, all of them together; 0, or more than there are, for as many as there are processors
    /// that the process may use.
    #[arg(long, env = "NUTGRAF_MODEL_THREADS", value_name = "N", default_value_t = 0)]
    pub model_threads: usize,
    /// Keep each of them on a core of its own (Linux): for a machine that has little else to do.
    #[arg(long, env = "NUTGRAF_PIN_MODEL_THREADS")]
    pub pin_model_threads: bool,
    /// Who allows it gets the extractive engine when a model's turn would come later than this; 0 leaves it to the
    /// caller's deadline.
    #[arg(long, env = "NUTGRAF_DEGRADE_AFTER", value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub degrade_after: Duration,
    /// How long a summary may show no sign of life (a sentence, a token) before the replica says that it doesn't serve.
    #[arg(long, env = "NUTGRAF_STUCK_AFTER", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub stuck_after: Duration,
    /// The longest deadline of its callers: when new requests have had to wait longer than this for ten seconds, the
    /// replica says that it doesn't serve until it has caught up.
    #[arg(long, env = "NUTGRAF_HOPELESS_WAIT", value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub hopeless_wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            summarizer_workers: 0,
            queue_limit: 64,
            max_input: 1_000_000,
            replica: String::new(),
            model: Vec::new(),
            model_memory: 4_000_000_000,
            dtype: Dtype::Auto,
            model_workers: 0,
            model_threads: 0,
            pin_model_threads: false,
            degrade_after: Duration::ZERO,
            stuck_after: Duration::from_secs(30),
            hopeless_wait: Duration::from_mins(1),
        }
    }
}

impl Config {
    /// Worker threads to start.
    pub fn workers(&self) -> usize {
        match self.summarizer_workers {
            0 => available_parallelism().map_or(1, NonZero::get),
            workers => workers,
        }
    }

    /// Worker threads to start for models.
    pub fn model_workers(&self) -> usize {
        match self.model_workers {
            0 if self.dtype.is_int8() => BATCHED,
            0 => 1,
            workers => workers,
        }
    }

    fn threads(&self) -> Threads {
        Threads { count: NonZero::new(self.model_threads), pinned: self.pin_model_threads }
    }

    /// The models that are configured, of which the first is on its way. The hub is the one of the environment
    /// (`HF_ENDPOINT`, `HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE`).
    pub fn models(&self) -> Models {
        if self.model.is_empty() {
            return Models::default();
        }
        if let Err(error) = self.threads().start() {
            tracing::warn!(%error, "models don't compute with the threads that were asked for");
        }
        let hub = model_hub::Config::from_env().and_then(|config| Hub::new(&config));
        Models::start(&self.model, hub, self.model_memory as u64, self.dtype)
    }

    /// The replica's name.
    pub fn replica_name(&self) -> String {
        if !self.replica.is_empty() {
            return self.replica.clone();
        }
        // Linux keeps the name there; in a container it is the container's own.
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = host.trim();
        format!("{}-{}", if host.is_empty() { "summarizer" } else { host }, std::process::id())
    }
}

impl Validate for Config {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.summarizer_workers > 1024 {
            problems.push("--summarizer-workers can be 1024 at most".to_owned());
        }
        if self.model_workers > 64 {
            problems.push("--model-workers can be 64 at most".to_owned());
        }
        if let Err(error) = self.threads().check() {
            problems.push(format!("--pin-model-threads: {error}"));
        }
        if self.queue_limit == 0 {
            problems.push("--queue-limit must be more than 0".to_owned());
        }
        if self.max_input == 0 {
            problems.push("--max-input must be more than 0".to_owned());
        }
        for (flag, time) in [("--stuck-after", self.stuck_after), ("--hopeless-wait", self.hopeless_wait)] {
            if time.is_zero() {
                problems.push(format!("{flag} must be more than 0"));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches as _};

    use super::*;

    #[test]
    fn the_default_is_what_no_flag_at_all_gives() {
        let command = Config::augment_args(Command::new("x")).mut_args(|arg| arg.env(None::<&str>));
        let matches = command.try_get_matches_from(["x"]).unwrap();
        assert_eq!(Config::from_arg_matches(&matches).unwrap(), Config::default());
    }
}
