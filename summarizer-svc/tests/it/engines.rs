//! Engines that misbehave in one way each.

use std::{
    sync::{Mutex, mpsc},
    thread::yield_now,
    time::Instant,
};

use summarizer_svc::{
    engine::{Engine, EngineError, Nobody, Output, extractive::Extractive},
    summary::{Draft, ModelId, Phase, Request},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::server::LONG;

/// Says when it begins; goes on when it is let go; says how it ended.
pub(crate) struct Gated {
    said: UnboundedSender<&'static str>,
    gate: Mutex<mpsc::Receiver<()>>,
}

impl Gated {
    /// The engine, what it says, and what lets it go.
    pub(crate) fn new() -> (Self, UnboundedReceiver<&'static str>, mpsc::Sender<()>) {
        let (said, heard) = unbounded_channel();
        let (open, gate) = mpsc::channel();
        (Self { said, gate: Mutex::new(gate) }, heard, open)
    }
}

impl Engine for Gated {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        let _ = self.said.send("begun");
        self.gate.lock().unwrap().recv_timeout(LONG).unwrap();
        let drafted = output.check().and_then(|()| Extractive.summarize(request, output));
        let _ = self.said.send(if drafted.is_err() { "stopped" } else { "done" });
        drafted
    }
}

/// Works until it is stopped, and says so.
pub(crate) struct Endless(pub(crate) UnboundedSender<&'static str>);

impl Engine for Endless {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn summarize(&self, _request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        let _ = self.0.send("begun");
        let began = Instant::now();
        while began.elapsed() < LONG {
            if let Err(error) = output.check() {
                let _ = self.0.send("stopped");
                return Err(error);
            }
            yield_now();
        }
        Err(EngineError::NothingToSummarize)
    }
}

/// Says more than the buffers between it and its reader hold.
pub(crate) struct Verbose;

impl Verbose {
    pub(crate) const STEPS: usize = 20_000;
    pub(crate) const WORD: &str = "A hundred bytes of text that nobody has asked for, and that nobody reads as long as it is being made. ";
}

impl Engine for Verbose {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        for step in 0..Self::STEPS {
            output.progress(Phase::Writing, step, Self::STEPS)?;
            output.delta(Self::WORD)?;
        }
        Extractive.summarize(request, &mut Nobody)
    }
}

/// Panics on every text that asks for it.
pub(crate) struct Panicking;

impl Engine for Panicking {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        let told = request.article.paragraphs.iter().any(|paragraph| paragraph.text.contains("panic"));
        assert!(!told, "as the text asks");
        Extractive.summarize(request, output)
    }
}
