//! `nutgraf model`.

use std::path::Path;

use model_hub::testing::{Fault, TestHub, model_files};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::program::{Run, program};

const REPO: &str = "acme/news";

struct Desk {
    hub: TestHub,
    home: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let hub = TestHub::start().await.unwrap();
        hub.publish(REPO, "main", &model_files(100_000));
        Self { hub, home: tempfile::tempdir().unwrap() }
    }

    async fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[]).await
    }

    async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = program();
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("HF_")) {
            command.env_remove(name);
        }
        command.env("HF_ENDPOINT", self.hub.address()).env("HF_HOME", self.home.path()).env("NO_PROXY", "*");
        command.env_remove("TRANSFORMERS_OFFLINE").envs(variables.iter().copied());
        command.arg("model").args(arguments);
        spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
    }
}

fn json(run: &Run) -> Value {
    assert_eq!(run.status, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

#[tokio::test]
async fn a_model_is_fetched_listed_described_and_removed() {
    let desk = Desk::new().await;
    let empty = desk.run(&["list"]).await;
    assert_eq!((empty.status, empty.out.as_str()), (0, ""));
    assert!(empty.err.contains("there are no models in"), "{}", empty.err);

    let pulled = desk.run(&["pull", REPO]).await;
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    let dir = Path::new(pulled.out.trim_end());
    assert!(dir.starts_with(desk.home.path()) && dir.join("model.safetensors").is_file(), "{}", pulled.out);
    assert!(pulled.err.contains("acme/news: 100.0 kB in 3 files"), "{}", pulled.err);

    let listed = desk.run(&["list"]).await;
    let rows: Vec<&str> = listed.out.lines().collect();
    assert!(rows.len() == 2 && rows[0].starts_with("MODEL      REVISION"), "{}", listed.out);
    assert!(rows[1].starts_with("acme/news  ") && rows[1].contains("(main)"), "{}", listed.out);
    assert!(rows[1].contains("100.0 kB") && rows[1].ends_with("whole"), "{}", listed.out);

    let info = json(&desk.run(&["info", "--json", REPO]).await);
    assert_eq!(
        (&info["licence"], &info["local"]["dir"]),
        (&"apache-2.0".into(), &dir.to_str().unwrap().into())
    );

    let removed = desk.run(&["remove", REPO]).await;
    assert_eq!(removed.status, 0, "{}", removed.err);
    assert_eq!(json(&desk.run(&["list", "--json"]).await), Value::Array(Vec::new()));
    let again = desk.run(&["remove", REPO]).await;
    assert_eq!(again.status, 3);
    assert!(again.err.contains("`nutgraf model list` shows what is"), "{}", again.err);
}

#[tokio::test]
async fn a_revision_is_removed_alone() {
    let desk = Desk::new().await;
    desk.hub.publish(REPO, "v2", &model_files(200_000));
    for model in [REPO, "acme/news@v2"] {
        assert_eq!(desk.run(&["pull", model]).await.status, 0);
    }
    assert_eq!(desk.run(&["remove", "acme/news@v2"]).await.status, 0);
    let list = json(&desk.run(&["list", "--json"]).await);
    assert_eq!(list[0]["revisions"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list[0]["revisions"][0]["refs"], Value::from(vec!["main"]));
}

#[tokio::test]
async fn the_status_and_the_message_tell_what_to_do() {
    let desk = Desk::new().await;
    desk.hub.publish("acme/notes", "main", &model_files(1)[..2]);
    desk.hub.publish("acme/private", "main", &model_files(1));
    desk.hub.gate("acme/private", "hf_key");
    for (arguments, status, told) in [
        (["pull", "distilbert"], 2, "did you mean distilbart?"),
        (["pull", "acme/../x"], 2, "names no model"),
        (["remove", "./directory"], 2, "yours to remove"),
        (["pull", "acme/nothing"], 3, "there is no model acme/nothing"),
        (["pull", "acme/news@v9"], 3, "has no revision v9"),
        (["pull", "acme/private"], 3, "accept its conditions"),
        (["pull", "acme/notes"], 4, "neither model.safetensors nor pytorch_model.bin"),
        (["info", "./no/such/directory"], 4, "there is no such directory"),
    ] {
        let run = desk.run(&arguments).await;
        assert_eq!((run.status, run.out.as_str()), (status, ""), "{arguments:?}: {}", run.err);
        assert!(run.err.starts_with("error: ") && run.err.contains(told), "{}", run.err);
    }
    assert_eq!(desk.run_with(&["pull", "acme/private"], &[("HF_TOKEN", "hf_key")]).await.status, 0);
    let nonsense = desk.run_with(&["list"], &[("HF_ENDPOINT", "hub.example")]).await;
    assert!(nonsense.status == 2 && nonsense.err.contains("HF_ENDPOINT"), "{}", nonsense.err);
}

#[tokio::test]
async fn what_was_fetched_works_offline() {
    let desk = Desk::new().await;
    let offline = [("HF_HUB_OFFLINE", "1"), ("HF_ENDPOINT", "http://127.0.0.1:9")];
    let absent = desk.run_with(&["pull", REPO], &offline).await;
    assert!(absent.status == 3 && absent.err.contains("HF_HUB_OFFLINE"), "{}", absent.err);
    let pulled = desk.run(&["pull", REPO]).await;
    let again = desk.run_with(&["pull", REPO], &offline).await;
    assert_eq!((again.status, &again.out), (0, &pulled.out), "{}", again.err);
    let info = desk.run_with(&["info", REPO], &offline).await;
    assert!(info.status == 0 && info.out.contains(pulled.out.trim_end()), "{}{}", info.out, info.err);
}

#[tokio::test]
async fn a_download_that_breaks_goes_on() {
    let desk = Desk::new().await;
    desk.hub.fail("model.safetensors", Fault::CutAfter(40_000));
    let pulled = desk.run(&["pull", REPO]).await;
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    assert!(desk.hub.take_seen().iter().any(|seen| seen.range.is_some()));
}

#[tokio::test]
async fn presets_say_what_they_need() {
    let desk = Desk::new().await;
    let presets = json(&desk.run(&["list", "--presets", "--json"]).await);
    let small = presets.as_array().unwrap().iter().find(|preset| preset["name"] == "flan-t5-base").unwrap();
    assert_eq!((&small["family"], &small["repo"]), (&"t5".into(), &"google/flan-t5-base".into()));
    // A weight is fetched in four bytes, and held in one.
    let bytes = |field: &str| small[field].as_u64().unwrap();
    assert!((bytes("download_bytes") / 4..bytes("download_bytes")).contains(&bytes("memory_bytes")));
    let table = desk.run(&["list", "--presets"]).await.out;
    assert_eq!(table.lines().count(), presets.as_array().unwrap().len() + 1, "{table}");
}
