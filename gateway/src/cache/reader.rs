//! Somebody who waits for a summary, alone or with others.

use std::{collections::VecDeque, sync::Arc};

use futures::{Stream, stream};
use tokio::time::timeout;

use super::{
    Order, Summaries,
    flight::{Follower, Told},
};
use crate::{
    clients::summarizer::SummarizerError,
    summary::{Summary, SummaryEvent},
};

/// Somebody who waits for a summary. Dropping it leaves; the work goes on while others wait.
pub(crate) struct Reader {
    summaries: Summaries,
    order: Order,
    place: Option<Place>,
    /// What was told can't be taken back.
    has_text: bool,
}

/// Where somebody is on the way to a summary.
pub(super) enum Place {
    /// With others, or as the first.
    Following(Follower),
    /// It was there; these are its events.
    Landed(VecDeque<SummaryEvent>),
}

impl Reader {
    pub(crate) fn new(summaries: Summaries, order: Order) -> Self {
        Self { summaries, order, place: None, has_text: false }
    }

    /// Begins to wait now, and not with the first question.
    ///
    /// # Errors
    ///
    /// [`SummarizerError::QueueFull`].
    pub(crate) async fn on_board(mut self) -> Result<Self, SummarizerError> {
        self.place = Some(self.summaries.board(&self.order).await?);
        Ok(self)
    }

    /// The next event; `Done` or an error is the last.
    pub(crate) async fn next(&mut self) -> Told {
        loop {
            let left = self.order.call.deadline.remaining();
            let told = timeout(left, self.told()).await.unwrap_or(Err(SummarizerError::DeadlineExceeded));
            match told {
                // It was the time of whoever came first.
                Err(SummarizerError::DeadlineExceeded)
                    if !self.has_text && !self.order.call.deadline.has_passed() =>
                {
                    self.place = None;
                }
                told => {
                    self.has_text |= matches!(told, Ok(SummaryEvent::Delta(_)));
                    return told;
                }
            }
        }
    }

    /// The events up to and with the last.
    pub(crate) fn events(self) -> impl Stream<Item = Told> + Send {
        stream::unfold(Some(self), async |reader| {
            let mut reader = reader?;
            let told = reader.next().await;
            let goes_on = matches!(&told, Ok(event) if !matches!(event, SummaryEvent::Done(_)));
            Some((told, goes_on.then_some(reader)))
        })
    }

    /// The end of it.
    pub(crate) async fn end(mut self) -> Result<Arc<Summary>, SummarizerError> {
        loop {
            if let SummaryEvent::Done(summary) = self.next().await? {
                return Ok(summary);
            }
        }
    }

    async fn told(&mut self) -> Told {
        let place = match self.place.take() {
            Some(place) => place,
            None => self.summaries.board(&self.order).await?,
        };
        match self.place.insert(place) {
            Place::Following(follower) => follower.next().await,
            Place::Landed(events) => events
                .pop_front()
                .ok_or_else(|| SummarizerError::Internal { cause: "asked after the last event".to_owned() }),
        }
    }
}
