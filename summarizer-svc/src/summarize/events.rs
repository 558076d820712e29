//! What a caller sees of its request.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use service_kit::deadline::Deadline;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::DropGuard;

use super::{SummarizeError, mailbox::Reader};
use crate::{queue::Ticket, summary::Event};

/// The events of one request: [`Event::Accepted`] first, [`Event::Done`] or an error last. Dropping it stops the work,
/// and so does the deadline.
pub struct Events {
    accepted: Option<Event>,
    reader: Reader,
    deadline: Option<Pin<Box<Sleep>>>,
    hold: Option<Hold>,
}

/// What a request has while somebody waits for it: a place in the queue, and the right to be worked on.
pub(super) struct Hold {
    pub(super) _ticket: Ticket,
    pub(super) _work: DropGuard,
}

impl Events {
    pub(super) fn new(accepted: Event, reader: Reader, deadline: Option<Deadline>, hold: Hold) -> Self {
        let timer = |deadline: Deadline| Box::pin(sleep_until(deadline.instant().into()));
        Self { accepted: Some(accepted), reader, deadline: deadline.map(timer), hold: Some(hold) }
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        self.deadline.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready())
    }
}

impl Stream for Events {
    type Item = Result<Event, SummarizeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(accepted) = self.accepted.take() {
            return Poll::Ready(Some(Ok(accepted)));
        }
        if self.hold.is_none() {
            return Poll::Ready(None);
        }
        // What is there already is worth more than the clock.
        let event = match self.reader.poll(context) {
            Poll::Pending if self.is_late(context) => Err(SummarizeError::TimedOut),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(event) => event,
        };
        if matches!(event, Err(_) | Ok(Event::Done(_))) {
            self.hold = None;
        }
        Poll::Ready(Some(event))
    }
}
