//! Summaries that are made once: kept by all that they depend on, and shared by those who ask at the same time.
//!
//! # Layout
//!
//! - `key`: the address of a summary. `lineup`: the models that would answer, which are part of it.
//! - `flight`: work under way, and those who follow it. `reader`: one of them.
//! - `shared`: a Redis or Valkey behind the memory. `soundness`: whether what comes from there can be a summary.
//! - [`config`]: the settings.

pub mod config;
mod flight;
mod key;
mod lineup;
mod reader;
mod shared;
mod soundness;

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use moka::{future::Cache as Slow, sync::Cache};
use service_kit::deadline::Deadline;
use tracing::Instrument as _;

pub(crate) use self::reader::Reader;
use self::{
    config::CacheConfig,
    flight::{Boarding, Flights, Follower, Pilot, begin},
    key::Key,
    lineup::Lineup,
    reader::Place,
    shared::Shared,
    soundness::is_sound,
};
use crate::{
    clients::summarizer::{Place as SummaryPlace, Summarizer, SummarizerError},
    digest::{Call, Material},
    summary::{CacheStatus, Delta, Summary, SummaryEvent},
};

/// Makes summaries, each once. Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct Summaries {
    summarizer: Summarizer,
    kept: Cache<Key, Arc<Summary>>,
    shared: Option<Shared>,
    flights: Flights<Route>,
    lineup: Slow<(), Arc<Lineup>>,
    /// How long to wait for the summarizer to say which models it has.
    ready_timeout: Duration,
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) material: Arc<Material>,
    pub(crate) call: Call,
    /// Whether to be told of each step, or of the summary only.
    pub(crate) stepwise: bool,
    /// The place that it has among the summaries under way; one without it takes one if it has to be made.
    pub(crate) place: Option<Arc<SummaryPlace>>,
}

/// What flights are known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Route {
    key: Key,
    /// Nothing that is kept will do.
    fresh: bool,
}

/// A route, and the models that may answer.
struct Plan {
    route: Route,
    lineup: Lineup,
}

impl Summaries {
    pub(crate) fn new(summarizer: Summarizer, config: &CacheConfig, ready_timeout: Duration) -> Self {
        let room = if config.summary_age.is_zero() { 0 } else { config.summary_cache as u64 };
        Self {
            summarizer,
            kept: Cache::builder()
                .max_capacity(room)
                .weigher(|_, summary: &Arc<Summary>| weight(summary))
                .time_to_live(config.summary_age)
                .build(),
            shared: Shared::new(config),
            flights: Flights::new(),
            lineup: Slow::builder().max_capacity(1).time_to_live(config.models_age).build(),
            ready_timeout,
        }
    }

    /// A summary that is there, is on its way, or begins to be made. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`SummarizerError::QueueFull`] where it would have to be made, and there is no place for that.
    async fn board(&self, order: &Order) -> Result<Place, SummarizerError> {
        let text = order.material.text();
        let lineup = self.lineup(&order.call).await.as_ref().clone().for_options(text.options);
        let fresh = order.call.caller.fresh;
        let Some(key) = Key::of(text, &lineup) else {
            let (pilot, flight) = begin();
            self.depart(pilot, order.clone(), None)?;
            return Ok(Place::Following(Follower::of(flight)));
        };
        let route = Route { key, fresh };
        let kept = || if fresh { None } else { self.kept.get(&key) };
        Ok(match self.flights.board(route, kept) {
            Boarding::Began(pilot, follower) => {
                self.depart(pilot, order.clone(), Some(Plan { route, lineup }))?;
                Place::Following(follower)
            }
            Boarding::Joined(follower) => Place::Following(follower),
            Boarding::Landed(summary) => Place::Landed(told_whole(summary).into()),
        })
    }

    /// Begins the work, which ends when it is done or when nobody waits for it.
    fn depart(&self, mut pilot: Pilot, order: Order, plan: Option<Plan>) -> Result<(), SummarizerError> {
        let place = match &order.place {
            Some(place) => Ok(Arc::clone(place)),
            None => self.summarizer.place().map(Arc::new),
        };
        match place {
            Ok(place) => {
                let fly = self.clone().fly(pilot, Order { place: Some(place), ..order }, plan);
                tokio::spawn(fly.in_current_span());
                Ok(())
            }
            Err(error) => {
                if let Some(plan) = &plan {
                    self.flights.land(&plan.route, &pilot);
                }
                // Somebody may have joined already.
                pilot.tell(Err(error.clone()));
                Err(error)
            }
        }
    }

    async fn fly(self, mut pilot: Pilot, order: Order, plan: Option<Plan>) {
        let deserted = pilot.deserted.clone();
        let last = tokio::select! {
            last = self.work(&mut pilot, &order, plan.as_ref()) => last,
            () = deserted.cancelled() => Err(SummarizerError::Interrupted { cause: "everybody left".to_owned() }),
        };
        // With it goes the place.
        drop(order);
        let kept = plan
            .as_ref()
            .filter(|plan| last.as_ref().is_ok_and(|summary| plan.lineup.stands_behind(summary)));
        if let (Some(plan), Ok(summary)) = (kept, &last) {
            self.kept.insert(
                plan.route.key,
                Arc::new(Summary { cache: CacheStatus::Hit, ..summary.as_ref().clone() }),
            );
        }
        // Whoever comes from here on finds what is kept, or begins anew after an error.
        if let Some(plan) = &plan {
            self.flights.land(&plan.route, &pilot);
        }
        match last.clone() {
            Ok(summary) => told_whole(summary).into_iter().for_each(|event| pilot.tell(Ok(event))),
            Err(error) => pilot.tell(Err(error)),
        }
        drop(pilot);
        if let (Some(plan), Ok(summary), Some(shared)) = (kept, &last, &self.shared)
            && summary.cache == CacheStatus::Miss
        {
            shared.put(&plan.route.key, summary).await;
        }
    }

    /// The summary, from the shared cache or from the summarizer.
    async fn work(
        &self,
        pilot: &mut Pilot,
        order: &Order,
        plan: Option<&Plan>,
    ) -> Result<Arc<Summary>, SummarizerError> {
        // In boxes, for only one of the three is needed.
        if self.shared.is_some()
            && let Some(summary) = Box::pin(self.elsewhere(order, plan)).await
        {
            return Ok(Arc::new(summary));
        }
        if order.stepwise {
            return Box::pin(self.stepwise(pilot, order)).await;
        }
        self.summarizer.summarize(order.material.text(), &order.call).await.map(Arc::new)
    }

    async fn stepwise(&self, pilot: &mut Pilot, order: &Order) -> Result<Arc<Summary>, SummarizerError> {
        let mut events = Box::pin(self.summarizer.stream(order.material.text(), &order.call).await?);
        while let Some(event) = events.next().await {
            match event? {
                SummaryEvent::Done(summary) => return Ok(summary),
                event => pilot.tell_on(event)?,
            }
        }
        Err(SummarizerError::Internal { cause: "the events ended without a last one".to_owned() })
    }

    /// The summary that the shared cache has.
    async fn elsewhere(&self, order: &Order, plan: Option<&Plan>) -> Option<Summary> {
        let plan = plan.filter(|plan| !plan.route.fresh && !plan.lineup.is_empty())?;
        let summary = self.shared.as_ref()?.get(&plan.route.key).await?;
        let is_good = plan.lineup.stands_behind(&summary) && is_sound(&summary, order.material.text());
        if !is_good {
            tracing::warn!(key = %plan.route.key, "the shared cache holds what can't be this summary");
        }
        is_good.then_some(Summary { cache: CacheStatus::Hit, ..summary })
    }

    /// The models that are ready, as they were a moment ago; none where the summarizer doesn't tell.
    async fn lineup(&self, call: &Call) -> Arc<Lineup> {
        if let Some(known) = self.lineup.get(&()).await {
            return known;
        }
        let limit = self.ready_timeout.min(call.deadline.remaining());
        let call = Call { deadline: Deadline::after(limit), ..call.clone() };
        let ask = async { self.summarizer.models(&call).await.map(|models| Arc::new(Lineup::of(models))) };
        let asked = tokio::time::timeout(limit, Box::pin(self.lineup.try_get_with((), ask))).await;
        asked.ok().and_then(Result::ok).unwrap_or_default()
    }
}

/// The events of a summary that is there: its text in one piece where it was kept, since nobody was told any of it.
fn told_whole(summary: Arc<Summary>) -> Vec<SummaryEvent> {
    let text = (summary.cache == CacheStatus::Hit).then(|| Delta { text: summary.text.clone() });
    text.map(SummaryEvent::Delta).into_iter().chain([SummaryEvent::Done(summary)]).collect()
}

/// What a summary takes in memory, in bytes, more or less.
fn weight(summary: &Summary) -> u32 {
    const FIXED: usize = 1024;
    const SENTENCE: usize = 256;
    let sentences: usize = summary
        .sentences
        .iter()
        .map(|sentence| {
            SENTENCE + sentence.text.len() + size_of_val(&*sentence.spans) + 64 * sentence.unsupported.len()
        })
        .sum();
    u32::try_from(FIXED + summary.text.len() + sentences).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Model, ModelState, Models},
        summary::Engine,
    };

    /// Models that are ready.
    pub(super) fn lineup(ids: &[&str]) -> Lineup {
        let model = |id: &&str| Model {
            id: (*id).into(),
            revision: "1".into(),
            engine: if *id == "extractive" { Engine::Extractive } else { Engine::Abstractive },
            state: ModelState::Ready,
            languages: Vec::new(),
            memory_bytes: 0,
            downloaded_bytes: 0,
            download_bytes: 0,
            error: None,
        };
        Lineup::of(Models { models: ids.iter().map(model).collect(), replica: String::new() })
    }
}
