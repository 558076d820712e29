//! What is here, what is known of it, and how it goes.

use model_hub::{Hub, HubError, HubModel, ModelSource, config::Config};

use crate::stage::{REPO, Stage, WEIGHTS, model_ref};

fn hub_model(text: &str) -> HubModel {
    let ModelSource::Hub(model) = model_ref(text).source().clone() else {
        unreachable!("{text} is of the hub")
    };
    model
}

#[tokio::test]
async fn what_was_fetched_is_listed_and_can_be_removed() {
    let stage = Stage::set().await;
    let client = stage.client();
    assert_eq!(client.list().unwrap().len(), 0);
    stage.pull(REPO).await.unwrap();
    let listed = client.list().unwrap();
    assert_eq!((listed.len(), listed[0].repo.to_string().as_str()), (1, REPO));
    let [revision] = &listed[0].revisions[..] else { panic!("{listed:?}") };
    assert_eq!((revision.commit.as_str(), &revision.missing, revision.files), (&*stage.commit, &None, 3));
    assert_eq!(revision.size, listed[0].size);
    let removed = client.remove(&listed[0].repo, Some(&"main".parse().unwrap())).unwrap();
    assert!(removed.freed.0 > WEIGHTS as u64, "{removed:?}");
    assert_eq!(client.list().unwrap().len(), 0);
    assert!(matches!(client.remove(&removed.repo, None), Err(HubError::NotCached { .. })));
    stage.pull(REPO).await.unwrap();
}

#[tokio::test]
async fn a_model_is_known_before_it_is_here() {
    let stage = Stage::set().await;
    let model = hub_model(REPO);
    let before = stage.client().info(&model).await.unwrap();
    assert_eq!((before.commit.as_str(), before.licence.as_deref()), (&*stage.commit, Some("apache-2.0")));
    assert!(before.local.is_none() && before.unusable.is_none());
    let pulled = stage.pull(REPO).await.unwrap();
    assert_eq!(stage.client().info(&model).await.unwrap().local, Some(pulled.clone()));
    // A newer commit on the hub is not what is here.
    stage.hub.publish(REPO, "main", &stage.files[2..]);
    assert_eq!(stage.client().info(&model).await.unwrap().local, None);
    let offline = Hub::new(&Config { offline: true, ..stage.config.clone() }).unwrap();
    assert_eq!(offline.info(&model).await.unwrap().local, Some(pulled));
}

#[tokio::test]
async fn what_can_not_be_used_is_known_before_it_is_fetched() {
    let stage = Stage::set().await;
    stage.hub.publish("acme/notes", "main", &stage.files[..2]);
    let info = stage.client().info(&hub_model("acme/notes")).await.unwrap();
    assert!(info.unusable.unwrap().to_string().contains("neither model.safetensors"));
}
