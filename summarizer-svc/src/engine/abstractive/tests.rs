use std::sync::Arc;

use inference::testing::{random_bart, random_model};
use model_hub::LocalModel;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{
    document::Article,
    summary::{EngineKind, Format, GenerationOptions, Length},
};

const NEWS: &str = "The council closed the old bridge on Monday. Engineers had found cracks in four of its piers. \
    A ferry will take people across the river until the spring. The repair will cost five million euros. Shops on the \
    northern bank fear for their trade. The mayor asked everybody for patience.";

/// A folder with a byte-level tokenizer and a BART that has so many positions.
fn folder(positions: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let more =
        json!({"task_specific_params": {"summarization": {"prefix": "news: ", "length_penalty": 2.0}}});
    random_model(folder.path(), positions, &more).unwrap();
    folder
}

fn engine(positions: usize) -> Abstractive {
    let folder = folder(positions);
    let local = LocalModel::open(folder.path(), None).unwrap();
    let model = ModelId { engine: EngineKind::Abstractive, id: Arc::from("tiny"), revision: Arc::from("1") };
    let identity = Identity { model, languages: vec!["en".to_owned()], memory: 1 };
    Abstractive::open(&local, identity, Dtype::Auto).unwrap()
}

/// What was told, and how many steps were asked about.
#[derive(Default)]
struct Heard {
    text: String,
    deltas: usize,
    phases: Vec<Phase>,
    steps: usize,
    /// After so many steps nobody waits any more.
    patience: Option<usize>,
}

impl Output for Heard {
    fn check(&self) -> Result<(), EngineError> {
        if self.patience.is_some_and(|patience| self.steps >= patience) {
            Err(EngineError::Cancelled)
        } else {
            Ok(())
        }
    }

    fn progress(&mut self, phase: Phase, _: usize, _: usize) -> Result<(), EngineError> {
        self.steps += 1;
        if self.phases.last() != Some(&phase) {
            self.phases.push(phase);
        }
        self.check()
    }

    fn delta(&mut self, text: &str) -> Result<(), EngineError> {
        self.text.push_str(text);
        self.deltas += 1;
        self.check()
    }
}

fn request(text: &str, generation: GenerationOptions) -> Request {
    Request { article: Article::from_text("The bridge is shut", text), generation, ..Request::default() }
}

fn greedy() -> GenerationOptions {
    GenerationOptions { num_beams: Some(1), ..GenerationOptions::default() }
}

fn joined(draft: &Draft, separator: &str) -> String {
    let texts: Vec<&str> = draft.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    texts.join(separator)
}

#[test]
fn what_is_told_is_the_summary_with_and_without_beams() {
    let engine = engine(256);
    for generation in [greedy(), GenerationOptions::default()] {
        for format in [Format::Paragraph, Format::Bullets] {
            let mut heard = Heard::default();
            let request = Request { format, ..request(NEWS, generation.clone()) };
            let draft = engine.summarize(&request, &mut heard).unwrap();
            assert!(!draft.sentences.is_empty());
            assert_eq!(heard.text, joined(&draft, format.separator()));
            assert_eq!(heard.phases, [Phase::Reading, Phase::Encoding, Phase::Writing, Phase::Grounding]);
        }
    }
}

#[test]
fn what_is_drawn_at_random_says_so_unless_it_has_a_seed() {
    let engine = engine(256);
    let drawn = |do_sample, seed| {
        let generation = GenerationOptions { do_sample: Some(do_sample), seed, ..greedy() };
        engine.summarize(&request(NEWS, generation), &mut Heard::default()).unwrap().drawn
    };
    assert_eq!([drawn(true, None), drawn(true, Some(7)), drawn(false, None)], [true, false, false]);
}

#[test]
fn greedy_text_comes_in_pieces() {
    let mut heard = Heard::default();
    engine(256).summarize(&request(NEWS, greedy()), &mut heard).unwrap();
    assert!(heard.deltas > 5, "{}", heard.deltas);
}

#[test]
fn no_part_of_a_long_article_is_dropped() {
    let engine = engine(64);
    let paragraphs: Vec<String> = (0..30).map(|day| NEWS.replace("Monday", &format!("day {day}"))).collect();
    let draft = engine.summarize(&request(&paragraphs.join("\n"), greedy()), &mut Heard::default()).unwrap();
    let sentences = engine.tokenizer.count(&paragraphs.join(" ")).unwrap();
    assert_eq!(draft.coverage.parts_read, draft.coverage.parts_total);
    assert!(
        draft.coverage.parts_total >= sentences / 64,
        "{} of {sentences} tokens",
        draft.coverage.parts_total
    );
    assert!(draft.tokens_in >= sentences, "{} of {sentences}", draft.tokens_in);
}

#[test]
fn every_window_fits_and_all_tokens_are_in_one() {
    let engine = engine(64);
    let long = "word ".repeat(400);
    let sentences =
        ["A first one.", long.trim(), "汉字".repeat(60).as_str(), "</s> is text, and so is <pad>."]
            .map(str::to_owned);
    let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let parts = Windows::new(&engine, "The title").unwrap().cut(&sentences).unwrap();
    assert!(parts.iter().all(|part| part.ids.len() <= 64));
    let text: String = parts.iter().map(|part| engine.tokenizer.decode(&part.ids, true).unwrap()).collect();
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let text = bare(&text.replace("news: ", "").replace("The title.", ""));
    assert_eq!(text, bare(&sentences.concat()));
}

#[test]
fn whoever_leaves_frees_the_model_at_the_next_token() {
    let engine = engine(256);
    for generation in [greedy(), GenerationOptions::default()] {
        let mut heard = Heard { patience: Some(4), ..Heard::default() };
        let ended = engine.summarize(&request(NEWS, generation), &mut heard);
        assert_eq!((ended, heard.steps), (Err(EngineError::Cancelled), 4));
    }
}

#[test]
fn a_longer_summary_is_longer() {
    let engine = engine(1024);
    let text: Vec<String> = (0..6).map(|day| NEWS.replace("Monday", &format!("day {day}"))).collect();
    let written = |length| {
        let request = Request { length, ..request(&text.join("\n"), greedy()) };
        engine.summarize(&request, &mut Heard::default()).unwrap().tokens_out
    };
    let (short, long) = (written(Length::Short), written(Length::Long));
    assert!(short < long, "{short} {long}");
}

#[test]
fn a_language_that_the_model_does_not_read_is_said() {
    let german = "Der Rat hat die alte Brücke am Montag gesperrt. Ingenieure hatten Risse in vier Pfeilern gefunden. \
        Eine Fähre bringt die Leute bis zum Frühling über den Fluss. Die Reparatur kostet fünf Millionen Euro.";
    let draft = engine(256).summarize(&request(german, greedy()), &mut Heard::default()).unwrap();
    assert_eq!((draft.language.as_str(), draft.notices), ("de", vec![Notice::LanguageNotSupported]));
}

#[test]
fn two_sentences_come_back_as_they_are() {
    let draft = engine(256)
        .summarize(&request("One thing. Another thing.", greedy()), &mut Heard::default())
        .unwrap();
    assert_eq!(
        (joined(&draft, " ").as_str(), draft.notices.as_slice()),
        ("One thing. Another thing.", &[Notice::ReturnedWhole][..])
    );
}

/// As the last of those of BART for news, `<mask>`.
#[test]
fn a_token_that_no_text_can_have_needs_no_row() {
    let folder = folder(64);
    let path = folder.path().join("tokenizer_config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config["added_tokens_decoder"]["600"] = json!({"content": "<extra>", "lstrip": true, "normalized": true, "rstrip": false,
        "single_word": false, "special": true});
    std::fs::write(&path, config.to_string()).unwrap();
    let local = LocalModel::open(folder.path(), None).unwrap();
    let model =
        Abstractive::open(&local, Identity::of("tiny", &local, None, Dtype::Auto), Dtype::Auto).unwrap();
    assert_eq!((model.tokenizer.vocab_size(), model.tokenizer.text_size()), (601, 600));
    assert!(model.ids("They say <extra> and </s>.").unwrap().iter().all(|id| *id < 600));
}

#[test]
fn a_tokenizer_with_more_tokens_than_the_model_is_refused() {
    let folder = folder(64);
    random_bart(folder.path(), 500, 64, &json!({})).unwrap();
    let local = LocalModel::open(folder.path(), None).unwrap();
    let identity = Identity::of("tiny", &local, None, Dtype::Auto);
    assert!(matches!(
        Abstractive::open(&local, identity, Dtype::Auto),
        Err(OpenError::Vocabulary { tokens: 600, rows: 500 })
    ));
}
