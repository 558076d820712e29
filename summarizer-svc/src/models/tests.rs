use std::fs;

use inference::testing::random_model;
use model_hub::{Config, Hub};
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// Folders with models of these names.
fn folders(names: &[&str]) -> TempDir {
    let all = tempfile::tempdir().unwrap();
    for name in names {
        let folder = all.path().join(name);
        fs::create_dir(&folder).unwrap();
        random_model(&folder, 64, &json!({})).unwrap();
    }
    all
}

fn start(all: &TempDir, names: &[&str], budget: u64) -> Models {
    let references: Vec<ModelRef> =
        names.iter().map(|name| all.path().join(name).to_str().unwrap().parse().unwrap()).collect();
    let hub = Hub::new(&Config::new("http://127.0.0.1:9".parse().unwrap(), all.path().join("cache")));
    Models::start(&references, hub, budget, Dtype::Auto)
}

/// The model, or why it can't be had; a test waits a minute at most.
fn wait(models: &Models, name: &str) -> Result<Arc<Abstractive>, ModelsError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_mins(1), models.settled(Some(name))).await.expect("it settles")
    })
}

fn states(models: &Models) -> Vec<StateName> {
    models.list().iter().map(|status| status.state).collect()
}

#[test]
fn the_first_is_loaded_and_the_others_wait_until_somebody_asks() {
    let all = folders(&["a", "b"]);
    let models = start(&all, &["a", "b"], u64::MAX);
    assert!(wait(&models, "a").is_ok());
    assert_eq!(states(&models), [StateName::Ready, StateName::Absent]);
    assert!(matches!(models.get(Some("b")), Err(ModelsError::NotReady { .. })));
    assert!(wait(&models, "b").is_ok());
    assert_eq!(models.get(None).unwrap().identity().model.id.as_ref(), "a");
    assert_eq!(models.get(Some("c")).err(), Some(ModelsError::Unknown));
}

#[test]
fn the_model_that_was_used_the_longest_ago_goes_when_memory_is_short() {
    let all = folders(&["a", "b", "c"]);
    let size = start(&all, &["a"], u64::MAX);
    let size = wait(&size, "a").unwrap().identity().memory;
    let models = start(&all, &["a", "b", "c"], 2 * size);
    for name in ["a", "b", "a", "c"] {
        wait(&models, name).unwrap();
    }
    assert_eq!(states(&models), [StateName::Ready, StateName::Absent, StateName::Ready]);
}

#[test]
fn a_model_that_is_larger_than_all_memory_says_so() {
    let all = folders(&["a"]);
    let models = start(&all, &["a"], 10);
    let Err(ModelsError::Failed { name, error }) = wait(&models, "a") else { panic!("it can't fit") };
    assert_eq!(name, "a");
    assert!(error.contains("--model-memory"), "{error}");
}

#[test]
fn a_folder_that_holds_no_model_fails_with_the_reason() {
    let all = folders(&["a"]);
    fs::write(all.path().join("a/config.json"), r#"{"model_type": "llama"}"#).unwrap();
    let models = start(&all, &["a"], u64::MAX);
    let Err(ModelsError::Failed { error, .. }) = wait(&models, "a") else { panic!("it is no model of ours") };
    assert!(error.contains("llama"), "{error}");
    assert_eq!(models.list().first().map(|status| status.error.contains("llama")), Some(true));
}

#[test]
fn only_a_model_that_reads_the_language_stands_in_for_nobody() {
    let all = folders(&["a"]);
    let models = start(&all, &["a"], u64::MAX);
    wait(&models, "a").unwrap();
    assert!(models.ready("de").is_some(), "nobody said what it reads");
    assert!(Models::default().ready("en").is_none());
}

#[test]
fn what_a_model_decodes_is_in_the_metrics_until_it_is_gone() {
    let all = folders(&["watched"]);
    let models = start(&all, &["watched"], u64::MAX);
    let model = wait(&models, "watched").unwrap();
    let value = |name: &str| {
        let page = service_kit::metrics::page();
        let line =
            page.lines().find_map(|line| line.strip_prefix(&format!("{name}{{model=\"watched\"}} ")))?;
        Some(line.parse::<f64>().unwrap())
    };
    // It was warmed up.
    assert!(value("nutgraf_summarizer_decode_steps_total").unwrap() > 0.0);
    assert!(value("nutgraf_summarizer_decode_rows_total").unwrap() > 0.0);
    assert_eq!(value("nutgraf_summarizer_decoding"), Some(0.0));
    drop((models, model));
    // The thread that decodes ends a moment after the last of those who could ask it.
    let until = std::time::Instant::now() + Duration::from_mins(1);
    while value("nutgraf_summarizer_decoding").is_some() {
        assert!(std::time::Instant::now() < until, "it is still shown");
        std::thread::yield_now();
    }
}
