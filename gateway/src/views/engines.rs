//! The engines and models to pick from, with their state in plain words; scripts write the same (static/models.js).

use crate::{
    model::{AwaitedModel, Model, ModelState},
    options::{EngineChoice, SummaryOptions},
    summary::Engine,
};

/// What a form offers: nothing where there is no choice, else one row for each model.
#[derive(Debug, Default)]
pub(crate) struct Engines(Vec<Row>);

/// A model to pick.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) id: String,
    /// Its state.
    pub(crate) state: StateWords,
    engine: Engine,
}

/// The state of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateWords {
    /// Its name on the wire.
    pub(crate) name: &'static str,
    /// In plain words.
    pub(crate) words: String,
}

impl Engines {
    /// The choice among these models. Without one that writes there is none.
    pub(crate) fn new(models: Vec<Model>) -> Self {
        if models.iter().all(|model| model.engine == Engine::Extractive) {
            return Self::default();
        }
        Self(models.into_iter().map(Row::from).collect())
    }

    /// Whether there is nothing to choose.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.0
    }

    /// The name of the model that was chosen; None where the choice is left to the summarizer, or was none of these.
    pub(crate) fn chosen(&self, options: &SummaryOptions) -> Option<&str> {
        let first = |engine| self.0.iter().find(|row| row.engine == engine);
        let row = match (&options.model, options.engine) {
            (Some(id), _) => self.0.iter().find(|row| row.id == *id),
            (None, EngineChoice::Auto) => None,
            (None, EngineChoice::Extractive) => first(Engine::Extractive),
            (None, EngineChoice::Abstractive) => first(Engine::Abstractive),
        };
        row.map(|row| row.id.as_str())
    }
}

impl From<Model> for Row {
    fn from(model: Model) -> Self {
        let words = words(
            model.state,
            model.downloaded_bytes,
            model.download_bytes,
            model.error.as_deref().unwrap_or_default(),
        );
        let state = StateWords { name: model.state.name(), words };
        Self { id: model.id, state, engine: model.engine }
    }
}

impl StateWords {
    /// The state of a model that a summary was asked of; None where it is not known.
    pub(crate) fn of_awaited(model: &AwaitedModel) -> Option<Self> {
        let (downloaded, download) =
            (model.downloaded_bytes.unwrap_or_default(), model.download_bytes.unwrap_or_default());
        model.state.map(|state| Self { name: state.name(), words: words(state, downloaded, download, "") })
    }
}

fn words(state: ModelState, downloaded: u64, download: u64, error: &str) -> String {
    match state {
        ModelState::Absent => "not downloaded".to_owned(),
        ModelState::Downloading if download == 0 => "downloading".to_owned(),
        ModelState::Downloading => {
            format!("downloading, {} of {} MB", megabytes(downloaded), megabytes(download))
        }
        ModelState::Loading => "loading".to_owned(),
        ModelState::Ready => "ready".to_owned(),
        ModelState::Failed if error.is_empty() => "failed".to_owned(),
        ModelState::Failed => format!("failed: {error}"),
    }
}

/// Whole megabytes, with commas between thousands.
fn megabytes(bytes: u64) -> String {
    let digits = bytes.saturating_add(500_000) / 1_000_000;
    let digits = digits.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, engine: Engine, state: ModelState) -> Model {
        Model {
            id: id.into(),
            revision: String::new(),
            engine,
            state,
            languages: Vec::new(),
            memory_bytes: 0,
            downloaded_bytes: 311_600_000,
            download_bytes: 1_222_320_000,
            error: Some("the disk is full".into()),
        }
    }

    fn both() -> Vec<Model> {
        vec![
            model("extractive", Engine::Extractive, ModelState::Ready),
            model("distilbart", Engine::Abstractive, ModelState::Loading),
        ]
    }

    #[test]
    fn without_a_model_that_writes_there_is_no_choice() {
        assert!(Engines::new(Vec::new()).is_empty());
        assert!(Engines::new(both().into_iter().take(1).collect()).is_empty());
        assert_eq!(Engines::new(both()).rows().len(), 2);
    }

    #[test]
    fn a_choice_is_known_by_its_model_or_else_by_its_engine() {
        let engines = Engines::new(both());
        let chosen = |engine, model: Option<&str>| {
            let options =
                SummaryOptions { engine, model: model.map(str::to_owned), ..SummaryOptions::default() };
            engines.chosen(&options).map(str::to_owned)
        };
        assert_eq!(chosen(EngineChoice::Auto, None), None);
        assert_eq!(chosen(EngineChoice::Auto, Some("distilbart")).as_deref(), Some("distilbart"));
        assert_eq!(chosen(EngineChoice::Auto, Some("gone")), None);
        assert_eq!(chosen(EngineChoice::Extractive, None).as_deref(), Some("extractive"));
        assert_eq!(chosen(EngineChoice::Abstractive, None).as_deref(), Some("distilbart"));
    }

    #[test]
    fn every_state_is_said_in_plain_words() {
        for (state, expected) in [
            (ModelState::Absent, "not downloaded"),
            (ModelState::Downloading, "downloading, 312 of 1,222 MB"),
            (ModelState::Loading, "loading"),
            (ModelState::Ready, "ready"),
            (ModelState::Failed, "failed: the disk is full"),
        ] {
            assert_eq!(Row::from(model("m", Engine::Abstractive, state)).state.words, expected);
        }
        assert_eq!(words(ModelState::Downloading, 5, 0, ""), "downloading");
        assert_eq!(words(ModelState::Failed, 0, 0, ""), "failed");
    }

    #[test]
    fn megabytes_are_rounded_and_grouped() {
        for (bytes, expected) in [
            (0, "0"),
            (499_999, "0"),
            (999_500_000, "1,000"),
            (12_345_678_900_000, "12,345,679"),
            (u64::MAX, "18,446,744,073,709"),
        ] {
            assert_eq!(megabytes(bytes), expected);
        }
    }
}
