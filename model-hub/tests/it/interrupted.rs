//! Downloads that break, stall, arrive damaged, or meet each other.

use std::{fs, time::Duration};

use futures::FutureExt as _;
use model_hub::{HubError, Phase, Progress, testing::Fault};
use tokio::sync::watch;

use crate::stage::{REPO, Stage, WEIGHTS, from, model_ref, put};

const FILE: &str = "model.safetensors";

fn assert_whole(stage: &Stage) {
    assert_eq!(&fs::read(stage.blob(FILE)).unwrap(), stage.weights());
    assert!(!stage.incomplete(FILE).exists());
}

#[tokio::test]
async fn a_connection_that_breaks_is_taken_up_where_it_broke() {
    let stage = Stage::set().await;
    stage.hub.fail(FILE, Fault::CutAfter(100_000));
    stage.pull(REPO).await.unwrap();
    let ranges = stage.ranges();
    assert_eq!((ranges.len(), &ranges[0]), (2, &None));
    // What the socket had delivered when it broke is up to the system.
    let resumed: usize = ranges[1].as_ref().unwrap()[6..].trim_end_matches('-').parse().unwrap();
    assert!((1..=100_000).contains(&resumed), "{resumed}");
    assert_whole(&stage);
}

#[tokio::test]
async fn what_an_earlier_run_left_is_gone_on_with() {
    let stage = Stage::set().await;
    put(&stage.incomplete(FILE), &stage.weights()[..200_000]);
    stage.pull(REPO).await.unwrap();
    assert_eq!(stage.ranges(), [Some(from(200_000))]);
    assert_whole(&stage);
}

#[tokio::test]
async fn a_file_that_only_lacked_its_name_is_not_fetched_again() {
    let stage = Stage::set().await;
    put(&stage.incomplete(FILE), stage.weights());
    stage.pull(REPO).await.unwrap();
    assert_eq!(stage.ranges(), []);
    assert_whole(&stage);
}

#[tokio::test]
async fn a_storage_that_ignores_ranges_sends_all_of_it() {
    let stage = Stage::set().await;
    put(&stage.incomplete(FILE), &stage.weights()[..200_000]);
    stage.hub.fail(FILE, Fault::WholeAlways);
    stage.pull(REPO).await.unwrap();
    assert_eq!(stage.ranges(), [Some(from(200_000))]);
    assert_whole(&stage);
}

#[tokio::test]
async fn leftovers_of_something_else_are_thrown_away() {
    for left in [vec![7; 200_000], vec![7; WEIGHTS], vec![7; WEIGHTS + 1]] {
        let stage = Stage::set().await;
        put(&stage.incomplete(FILE), &left);
        stage.pull(REPO).await.unwrap();
        assert_eq!(stage.ranges().last(), Some(&None), "{}", left.len());
        assert_whole(&stage);
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_asked_for_again() {
    let stage = Stage::set().await;
    stage.hub.fail(FILE, Fault::StallAfter(100_000));
    stage.pull(REPO).await.unwrap();
    assert_eq!(stage.ranges(), [None, Some(from(100_000))]);
    assert_whole(&stage);
}

#[tokio::test]
async fn one_that_always_stalls_is_given_up_and_what_came_is_kept() {
    let stage = Stage::set().await;
    for _ in 0..3 {
        stage.hub.fail(FILE, Fault::StallAfter(1_000));
    }
    let error = stage.pull(REPO).await.unwrap_err();
    assert!(matches!(error, HubError::Stalled { .. }), "{error}");
    assert_eq!(fs::read(stage.incomplete(FILE)).unwrap(), stage.weights()[..3_000]);
    let half = stage.offline(&format!("{REPO}@{}", stage.commit)).unwrap_err();
    assert!(matches!(half, HubError::Incomplete { .. }), "{half}");
    assert!(matches!(stage.offline(REPO), Err(HubError::Offline { .. })));
    stage.pull(REPO).await.unwrap();
    assert_whole(&stage);
}

#[tokio::test]
async fn damage_on_the_way_is_seen_in_files_of_either_kind() {
    for file in [FILE, "config.json"] {
        let stage = Stage::set().await;
        stage.hub.fail(file, Fault::Damage);
        stage.pull(REPO).await.unwrap();
        assert_eq!(&fs::read(stage.blob(file)).unwrap(), stage.file(file));

        let stage = Stage::set().await;
        stage.hub.fail(file, Fault::Damage);
        stage.hub.fail(file, Fault::Damage);
        let error = stage.pull(REPO).await.unwrap_err();
        assert!(
            matches!(&error, HubError::Checksum { file: which, .. } if which.as_str() == file),
            "{error}"
        );
        assert!(!stage.blob(file).exists() && !stage.incomplete(file).exists());
    }
}

#[tokio::test]
async fn more_than_was_announced_is_refused_and_not_kept() {
    let stage = Stage::set().await;
    stage.hub.fail(FILE, Fault::Oversize);
    let error = stage.pull(REPO).await.unwrap_err();
    assert_eq!(error.to_string(), "model.safetensors is larger than 300.0 kB: it was not kept");
    assert!(!stage.blob(FILE).exists() && !stage.incomplete(FILE).exists());
}

#[tokio::test]
async fn less_than_was_announced_is_no_file() {
    let stage = Stage::set().await;
    stage.hub.announce(FILE, WEIGHTS as u64 + 10);
    let error = stage.pull(REPO).await.unwrap_err();
    assert!(matches!(error, HubError::Unreachable { .. }), "{error}");
    assert!(!stage.blob(FILE).exists());
}

#[tokio::test]
async fn a_download_that_is_dropped_can_be_gone_on_with_at_once() {
    let mut stage = Stage::set().await;
    stage.config.limits.stall = Duration::from_mins(1);
    stage.hub.fail(FILE, Fault::StallAfter(200_000));
    let (client, model) = (stage.client(), model_ref(REPO));
    let progress = watch::Sender::new(Progress::default());
    let mut watcher = progress.subscribe();
    let pull = client.pull(&model, &progress);
    tokio::select! {
        ended = pull => panic!("it can't end: {ended:?}"),
        // The body has stalled.
        _ = watcher.wait_for(|now| now.bytes_done >= 200_000) => {}
    }
    let kept = fs::metadata(stage.incomplete(FILE)).unwrap().len();
    assert!(kept >= 100_000, "{kept}");
    stage.ranges();
    stage.pull(REPO).await.unwrap();
    let [Some(resumed)] = &stage.ranges()[..] else { panic!("not resumed") };
    assert!(resumed.starts_with("bytes=1") || resumed.starts_with("bytes=2"), "{resumed}");
    assert_whole(&stage);
}

#[tokio::test]
async fn two_who_want_the_same_fetch_it_once() {
    let mut stage = Stage::set().await;
    stage.config.limits.lock = Duration::from_secs(30);
    let (one, other) = tokio::join!(stage.pull(REPO), stage.pull(REPO));
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(stage.ranges(), [None]);
    assert_whole(&stage);
}

#[tokio::test]
async fn one_who_holds_a_file_and_does_nothing_is_not_waited_for_for_ever() {
    let stage = Stage::set().await;
    let etag = stage.blob(FILE).file_name().unwrap().to_str().unwrap().to_owned();
    let path = stage.config.cache.join(".locks/models--acme--news").join(format!("{etag}.lock"));
    put(&path, b"");
    let held = fs::File::open(&path).unwrap();
    held.lock().unwrap();
    let (client, model) = (stage.client(), model_ref(REPO));
    let progress = watch::Sender::new(Progress::default());
    let mut watcher = progress.subscribe();
    let pull = client.pull(&model, &progress);
    let (ended, waiting) =
        tokio::join!(pull, watcher.wait_for(|now| now.phase == Phase::Waiting).map(|now| now.is_ok()));
    let error = ended.unwrap_err();
    assert!(waiting && matches!(&error, HubError::Locked { what } if *what == etag), "{error}");
    drop(held);
    stage.pull(REPO).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_is_too_small_is_seen_before_anything_comes() {
    let mut stage = Stage::set().await;
    stage.config.limits.weights = u64::MAX;
    stage.hub.announce(FILE, 1 << 60);
    let error = stage.pull(REPO).await.unwrap_err();
    assert!(matches!(error, HubError::DiskTooSmall { .. }), "{error}");
    assert!(error.to_string().contains("the download needs 1152921.5 TB"), "{error}");
    assert_eq!(stage.ranges(), []);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_fills_up_is_an_error_of_its_own() {
    let stage = Stage::set().await;
    fs::create_dir_all(stage.dir().join("blobs")).unwrap();
    std::os::unix::fs::symlink("/dev/full", stage.incomplete(FILE)).unwrap();
    let error = stage.pull(REPO).await.unwrap_err();
    assert!(matches!(&error, HubError::DiskFull(folder) if *folder == stage.dir().join("blobs")), "{error}");
}
