//! What a request's reader has not fetched yet.
//!
//! The writer never waits: of the progress only the latest is kept, and text that was not fetched grows into one piece,
//! which is at most the summary itself. So a reader that stalls holds nothing but its own mailbox.

use std::{
    mem::take,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures::task::AtomicWaker;

use super::SummarizeError;
use crate::summary::{Event, Summary};

/// The worker's end. Dropped without [`finish`](Self::finish), it says that the summary failed.
pub(super) struct Writer(Arc<Mailbox>);

/// The caller's end.
pub(super) struct Reader(Arc<Mailbox>);

struct Mailbox {
    contents: Mutex<Contents>,
    reader: AtomicWaker,
}

#[derive(Default)]
struct Contents {
    progress: Option<Event>,
    text: String,
    last: Option<Result<Box<Summary>, SummarizeError>>,
    /// The writer is gone.
    closed: bool,
}

/// An empty mailbox.
pub(super) fn mailbox() -> (Writer, Reader) {
    let mailbox = Arc::new(Mailbox { contents: Mutex::default(), reader: AtomicWaker::new() });
    (Writer(Arc::clone(&mailbox)), Reader(mailbox))
}

impl Writer {
    /// Replaces whatever progress was not fetched.
    pub(super) fn progress(&self, progress: Event) {
        self.0.change(|contents| contents.progress = Some(progress));
    }

    /// Adds to the text.
    pub(super) fn text(&self, text: &str) {
        self.0.change(|contents| contents.text.push_str(text));
    }

    /// The last word; it is read after all of the text.
    pub(super) fn finish(&self, last: Result<Box<Summary>, SummarizeError>) {
        self.0.change(|contents| contents.last = Some(last));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.change(|contents| contents.closed = true);
    }
}

impl Reader {
    /// The next event. Nothing comes after [`Event::Done`] or an error.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Result<Event, SummarizeError>> {
        // Before the look inside, so that what comes in between wakes the reader.
        self.0.reader.register(context.waker());
        let mut contents = self.0.contents();
        if let Some(progress) = contents.progress.take() {
            Poll::Ready(Ok(progress))
        } else if !contents.text.is_empty() {
            Poll::Ready(Ok(Event::Delta(take(&mut contents.text))))
        } else if let Some(last) = contents.last.take() {
            Poll::Ready(last.map(Event::Done))
        } else if contents.closed {
            Poll::Ready(Err(SummarizeError::Internal))
        } else {
            Poll::Pending
        }
    }
}

impl Mailbox {
    /// No change can panic halfway.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Contents)) {
        change(&mut self.contents());
        self.reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::summary::Phase;

    fn read(reader: &Reader) -> Poll<Result<Event, SummarizeError>> {
        reader.poll(&Context::from_waker(Waker::noop()))
    }

    fn step(done: usize) -> Event {
        Event::Progress { phase: Phase::Encoding, done, total: 9 }
    }

    #[test]
    fn text_is_joined_and_only_the_latest_progress_kept() {
        let (writer, reader) = mailbox();
        writer.progress(step(1));
        writer.text("One came. ");
        writer.progress(step(2));
        writer.text("Two came.");
        assert_eq!(read(&reader), Poll::Ready(Ok(step(2))));
        assert_eq!(read(&reader), Poll::Ready(Ok(Event::Delta("One came. Two came.".to_owned()))));
        assert_eq!(read(&reader), Poll::Pending);
    }

    #[test]
    fn the_last_word_comes_after_the_text() {
        let (writer, reader) = mailbox();
        writer.text("One came.");
        writer.finish(Err(SummarizeError::TimedOut));
        drop(writer);
        assert!(matches!(read(&reader), Poll::Ready(Ok(Event::Delta(_)))));
        assert_eq!(read(&reader), Poll::Ready(Err(SummarizeError::TimedOut)));
    }

    #[test]
    fn a_writer_that_vanishes_has_failed() {
        let (writer, reader) = mailbox();
        drop(writer);
        assert_eq!(read(&reader), Poll::Ready(Err(SummarizeError::Internal)));
    }
}
