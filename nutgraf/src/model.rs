//! `nutgraf model`: models that write summaries, on this machine and on a hub.

use std::str::FromStr;

use clap::{Args, Subcommand};
use model_hub::{
    Config, Hub, HubError, HubModel, LocalModel, ModelRef, ModelSource, Progress,
    reference::{InvalidModelRef, RepoId, Revision},
};
use tokio::sync::watch;

use crate::exit::{Failure, print, say};

mod progress;
mod report;

const ENVIRONMENT: &str = "The hub and the cache are set as for Hugging Face's own programs, by HF_ENDPOINT (a mirror), \
    HF_HOME or HF_HUB_CACHE, HF_TOKEN (for private and gated models) and HF_HUB_OFFLINE=1.";

#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch a model, or what is missing of it, and print its directory.
    Pull {
        /// A preset, org/name with or without @revision, org/name/file.gguf, or ./directory.
        model: ModelRef,
    },
    /// List the models on this machine, or the presets.
    List {
        /// The models that have a short name, and what they need.
        #[arg(long)]
        presets: bool,
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Remove a model from this machine; with @revision only that, and what no other revision uses.
    Remove {
        /// A preset or org/name, with or without @revision.
        model: Removable,
    },
    /// Say what a model is, what it needs, and whether it is here.
    Info {
        /// A preset, org/name with or without @revision, org/name/file.gguf, or ./directory.
        model: ModelRef,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What can be removed: a model by its reference, or an old repository without an organisation, as the list shows it.
#[derive(Debug, Clone)]
struct Removable {
    repo: RepoId,
    revision: Option<Revision>,
}

impl FromStr for Removable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match (text.parse::<ModelRef>(), text.parse::<RepoId>()) {
            (Err(InvalidModelRef::UnknownPreset { .. }), Ok(repo)) => {
                return Ok(Self { repo, revision: None });
            }
            (parsed, _) => parsed.map_err(|error| error.to_string())?,
        };
        match parsed.source() {
            ModelSource::Hub(HubModel { gguf: Some(_), repo, .. }) => {
                Err(format!("single files are not removed; {repo} is removed as a whole"))
            }
            ModelSource::Hub(model) => {
                Ok(Self { repo: model.repo.clone(), revision: model.revision.clone() })
            }
            ModelSource::Directory(_) => Err("directories of your own are yours to remove".to_owned()),
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::from_env().map_err(|error| failure(&error))?;
    let hub = Hub::new(&config).map_err(|error| failure(&error))?;
    match arguments.command {
        Command::Pull { model } => pull(&hub, &model).await,
        Command::List { presets: true, json } => report::presets(json),
        Command::List { presets: false, json } => {
            report::cached(&hub.list().map_err(|error| failure(&error))?, &config.cache, json)
        }
        Command::Remove { model } => remove(&hub, &model),
        Command::Info { model, json } => info(&hub, &model, json).await,
    }
}

/// Fetches a model that isn't here, showing how far it is.
pub(crate) async fn obtain(model: &ModelRef) -> Result<(), Failure> {
    let config = Config::from_env().map_err(|error| failure(&error))?;
    let hub = Hub::new(&config).map_err(|error| failure(&error))?;
    if hub.cached(model).is_err() {
        fetch(&hub, model).await?;
    }
    Ok(())
}

async fn pull(hub: &Hub, model: &ModelRef) -> Result<(), Failure> {
    let local = fetch(hub, model).await?;
    say("note", format!("{model}: {} in {} files", local.size(), local.files.iter().count()));
    print(&local.dir.display().to_string())
}

async fn fetch(hub: &Hub, model: &ModelRef) -> Result<LocalModel, Failure> {
    let progress = watch::Sender::new(Progress::default());
    let shown = progress::show(progress.subscribe(), model.to_string());
    let local = tokio::select! {
        pulled = hub.pull(model, &progress) => pulled,
        // It shows until it is dropped.
        never = shown => match never {},
    };
    local.map_err(|error| failure(&error))
}

fn remove(hub: &Hub, model: &Removable) -> Result<(), Failure> {
    let removed = hub.remove(&model.repo, model.revision.as_ref()).map_err(|error| match error {
        HubError::NotCached { model } => {
            Failure::Unreadable(format!("{model} is not on this machine: `nutgraf model list` shows what is"))
        }
        error => failure(&error),
    })?;
    say("note", format!("{} removed, {} free", removed.repo, removed.freed));
    Ok(())
}

async fn info(hub: &Hub, model: &ModelRef, json: bool) -> Result<(), Failure> {
    let ModelSource::Hub(hub_model) = model.source() else {
        let local: LocalModel = hub.cached(model).map_err(|error| failure(&error))?;
        return report::directory(&local, json);
    };
    let known = match hub.info(hub_model).await {
        Err(error) if is_out_of_reach(&error) => match hub.cached_info(hub_model) {
            Ok(known) => {
                say("note", format!("{error}; this is what is known here"));
                known
            }
            Err(_) => return Err(failure(&error)),
        },
        known => known.map_err(|error| failure(&error))?,
    };
    report::info(&known, json)
}

fn is_out_of_reach(error: &HubError) -> bool {
    matches!(
        error,
        HubError::Unreachable { .. }
            | HubError::Stalled { .. }
            | HubError::Server { .. }
            | HubError::RateLimited { .. }
    )
}

fn failure(error: &HubError) -> Failure {
    let text = error.to_string();
    match error {
        HubError::Config(_) => Failure::Usage(text),
        HubError::NotAModel { .. } => Failure::Unsuitable(text),
        HubError::DiskTooSmall { .. }
        | HubError::DiskFull(_)
        | HubError::Io { .. }
        | HubError::Locked { .. }
        | HubError::InUse(_) => Failure::Fault(text),
        HubError::RepoNotFound { .. }
        | HubError::RevisionNotFound { .. }
        | HubError::FileNotFound { .. }
        | HubError::Unauthorized { .. }
        | HubError::Gated { .. }
        | HubError::RateLimited { .. }
        | HubError::Server { .. }
        | HubError::Unreachable { .. }
        | HubError::Stalled { .. }
        | HubError::Protocol { .. }
        | HubError::TooLarge { .. }
        | HubError::Checksum { .. }
        | HubError::Offline { .. }
        | HubError::NotCached { .. }
        | HubError::Incomplete { .. } => Failure::Unreadable(text),
    }
}
