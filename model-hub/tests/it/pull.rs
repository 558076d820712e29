//! What a download leaves behind.

use std::{collections::BTreeSet, fs, path::Path};

use bytes::Bytes;
use model_hub::{HubError, Phase, Progress, WeightFormat};
use tokio::sync::watch;

use crate::stage::{REPO, Stage, WEIGHTS, model_ref, put};

#[tokio::test]
async fn a_model_is_laid_out_as_hugging_faces_programs_expect_it() {
    let stage = Stage::set().await;
    let model = stage.pull(REPO).await.unwrap();
    assert_eq!(model.dir, stage.dir().join("snapshots").join(&stage.commit));
    assert_eq!(model.revision.as_ref().unwrap().as_str(), stage.commit);
    assert_eq!(fs::read_to_string(stage.dir().join("refs/main")).unwrap(), stage.commit);
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        assert_eq!(&fs::read(model.dir.join(file)).unwrap(), stage.file(file), "{file}");
        let target = fs::read_link(model.dir.join(file)).unwrap();
        assert_eq!(target, Path::new("../../blobs").join(stage.blob(file).file_name().unwrap()));
    }
    assert_eq!(model.files.format, WeightFormat::Safetensors);
    assert_eq!(model.weights(), [model.dir.join("model.safetensors")]);
}

#[tokio::test]
async fn only_what_a_model_needs_is_fetched_and_only_once() {
    let stage = Stage::set().await;
    let model = stage.pull(REPO).await.unwrap();
    let names: BTreeSet<_> =
        fs::read_dir(&model.dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["config.json", "model.safetensors", "tokenizer.json"].map(Into::into).into());
    stage.hub.take_seen();
    assert_eq!(stage.pull(REPO).await.unwrap(), model);
    let again: Vec<String> = stage.hub.take_seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(again, ["/api/models/acme/news/revision/main"]);
    let pinned = stage.pull(&format!("{REPO}@{}", stage.commit)).await.unwrap();
    assert_eq!((pinned, stage.hub.take_seen().len()), (model, 0));
}

#[tokio::test]
async fn a_new_commit_fetches_what_changed_and_the_old_one_stays() {
    let mut stage = Stage::set().await;
    let old = stage.pull(REPO).await.unwrap();
    stage.files.iter_mut().find(|(name, _)| *name == "config.json").unwrap().1 = Bytes::from_static(b"{}");
    let commit = stage.hub.publish(REPO, "main", &stage.files);
    assert_eq!(stage.offline(REPO).unwrap(), old);
    stage.ranges();
    let new = stage.pull(REPO).await.unwrap();
    assert_eq!(new.revision.as_ref().unwrap().as_str(), commit);
    assert_eq!(stage.ranges(), []);
    assert_eq!(stage.offline(REPO).unwrap(), new);
    assert_eq!(stage.offline(&format!("{REPO}@{}", stage.commit)).unwrap(), old);
}

#[tokio::test]
async fn branches_and_tags_with_slashes_can_be_named() {
    let stage = Stage::set().await;
    let commit = stage.hub.publish(REPO, "refs/pr/7", &stage.files[2..]);
    let model = stage.pull("acme/news@refs/pr/7").await.unwrap();
    assert_eq!(model.revision.as_ref().unwrap().as_str(), commit);
    assert_eq!(stage.offline("acme/news@refs/pr/7").unwrap(), model);
    assert!(matches!(stage.offline(REPO), Err(HubError::Offline { .. })));
}

#[tokio::test]
async fn shards_are_those_that_the_index_names() {
    let stage = Stage::set().await;
    let index = br#"{"weight_map": {"a": "m-1-of-3.safetensors", "b": "m-2-of-3.safetensors", "c": "m-3-of-3.safetensors"}}"#;
    let mut files = vec![
        ("config.json", Bytes::from_static(b"{}")),
        ("spiece.model", Bytes::from_static(b"pieces")),
        ("model.safetensors.index.json", Bytes::from_static(index)),
        ("m-1-of-3.safetensors", Bytes::from(vec![1; 100_000])),
        ("m-2-of-3.safetensors", Bytes::from(vec![2; 100_000])),
        ("m-9.safetensors", Bytes::from_static(b"none of it")),
    ];
    stage.hub.publish("acme/large", "main", &files);
    let error = stage.pull("acme/large").await.unwrap_err();
    assert_eq!(error.to_string(), "acme/large can't be used: m-3-of-3.safetensors is missing");
    files.push(("m-3-of-3.safetensors", Bytes::from(vec![3; 100_000])));
    stage.hub.publish("acme/large", "main", &files);
    let model = stage.pull("acme/large").await.unwrap();
    assert_eq!(model.files.weights.len(), 3);
    assert!(model.weights().iter().all(|path| fs::metadata(path).unwrap().len() == 100_000));
    fs::remove_file(&model.weights()[1]).unwrap();
    let half = stage.offline("acme/large").unwrap_err();
    assert!(half.to_string().contains("m-2-of-3.safetensors is missing"), "{half}");
}

#[tokio::test]
async fn a_gguf_file_comes_when_its_name_says_so() {
    let stage = Stage::set().await;
    let files = [("q4/News.gguf", Bytes::from_static(b"GGUF")), ("q8.gguf", Bytes::from_static(b"GGUF8"))];
    stage.hub.publish("acme/gguf", "main", &files);
    let error = stage.pull("acme/gguf").await.unwrap_err().to_string();
    assert!(error.contains("pick one of its GGUF files: q4/News.gguf, q8.gguf"), "{error}");
    let model = stage.pull("acme/gguf/q4/News.gguf").await.unwrap();
    assert_eq!(
        (model.files.format, model.weights()),
        (WeightFormat::Gguf, vec![model.dir.join("q4/News.gguf")])
    );
    assert_eq!(stage.offline("acme/gguf/q4/News.gguf").unwrap(), model);
    assert!(matches!(stage.offline("acme/gguf/q8.gguf"), Err(HubError::Incomplete { .. })));
}

#[tokio::test]
async fn progress_ends_with_all_files_and_bytes() {
    let stage = Stage::set().await;
    let progress = watch::Sender::new(Progress::default());
    let mut seen = progress.subscribe();
    let client = stage.client();
    let model = model_ref(REPO);
    let watched = async {
        let mut all = vec![*seen.borrow_and_update()];
        while all.last().is_none_or(|last| last.phase != Phase::Done) {
            seen.changed().await.unwrap();
            all.push(*seen.borrow_and_update());
        }
        all
    };
    let (pulled, all) = tokio::join!(client.pull(&model, &progress), watched);
    pulled.unwrap();
    let small = (stage.file("config.json").len() + stage.file("tokenizer.json").len()) as u64;
    let last = all.last().unwrap();
    assert_eq!((last.files_done, last.files_total), (3, 3));
    assert_eq!((last.bytes_done, last.bytes_total), (small + WEIGHTS as u64, small + WEIGHTS as u64));
    assert!(all.iter().all(|step| step.bytes_done <= step.bytes_total), "{all:?}");
    assert!(all.iter().any(|step| step.phase == Phase::Downloading && step.bytes_done < last.bytes_done));
}

#[tokio::test]
async fn a_directory_is_looked_at_and_never_written() {
    let stage = Stage::set().await;
    let dir = stage.folder.path().join("mine");
    put(&dir.join("config.json"), b"{}");
    put(&dir.join("spiece.model"), b"pieces");
    let name = dir.to_str().unwrap();
    let error = stage.pull(name).await.unwrap_err();
    assert!(error.to_string().contains("neither model.safetensors nor pytorch_model.bin"), "{error}");
    put(&dir.join("pytorch_model.bin"), b"weights");
    let model = stage.pull(name).await.unwrap();
    assert_eq!((model.files.format, model.revision), (WeightFormat::PyTorch, None));
    assert_eq!((stage.hub.take_seen().len(), fs::read_dir(&dir).unwrap().count()), (0, 3));
}

#[tokio::test]
async fn a_model_that_is_here_is_not_asked_for() {
    let stage = Stage::set().await;
    let (client, progress) = (stage.client(), watch::Sender::new(Progress::default()));
    let fetched = client.obtain(&model_ref(REPO), &progress).await.unwrap();
    stage.hub.take_seen();
    assert_eq!(client.obtain(&model_ref(REPO), &progress).await.unwrap(), fetched);
    assert_eq!(stage.hub.take_seen(), []);
}
