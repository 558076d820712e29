use super::*;

struct Repo {
    dir: tempfile::TempDir,
    cache: RepoCache,
}

/// A cache with two snapshots that share the tokenizer.
fn two_snapshots() -> Repo {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(dir.path().to_owned()).repo(&"acme/news".parse().unwrap());
    for (commit, weights) in [('a', "one"), ('b', "two")] {
        let commit: Revision = commit.to_string().repeat(40).parse().unwrap();
        for (file, blob) in [("config.json", "c"), ("tokenizer.json", "t"), ("model.safetensors", weights)] {
            let path = cache.blobs().join(blob);
            create_parent(&path).unwrap();
            fs::write(&path, blob.repeat(100)).unwrap();
            link(&path, &cache.snapshot(&commit).join(file)).unwrap();
        }
    }
    cache.point(&Revision::main(), &commit('b')).unwrap();
    cache.point(&"refs/pr/1".parse().unwrap(), &commit('a')).unwrap();
    Repo { dir, cache }
}

fn commit(letter: char) -> Revision {
    letter.to_string().repeat(40).parse().unwrap()
}

fn blobs(repo: &Repo) -> Vec<String> {
    let files = inventory::files_below(&repo.cache.blobs()).unwrap();
    files.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn what_revisions_share_counts_once() {
    let repo = two_snapshots();
    fs::write(repo.cache.blobs().join("three.incomplete"), [0; 50]).unwrap();
    let listed = Cache::new(repo.dir.path().to_owned()).list().unwrap();
    let [found] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((found.repo.to_string().as_str(), found.size.0, found.unfinished.0), ("acme/news", 850, 50));
    let [a, b] = &found.revisions[..] else { panic!("{found:?}") };
    assert_eq!((&a.refs[..], &b.refs[..]), (&["refs/pr/1".to_owned()][..], &["main".to_owned()][..]));
    assert_eq!((a.size.0, a.files, a.missing.clone()), (500, 3, None));
    assert!(a.last_used.is_some());
}

#[test]
fn removing_a_revision_leaves_what_others_share() {
    let repo = two_snapshots();
    let removed = repo.cache.remove_commit(&commit('b')).unwrap();
    assert_eq!((removed.freed.0, removed.commits), (300, vec![commit('b')]));
    assert_eq!(blobs(&repo), ["c", "one", "t"]);
    assert_eq!(repo.cache.commit(&Revision::main()), None);
    assert_eq!(repo.cache.commit(&"refs/pr/1".parse().unwrap()), Some(commit('a')));
    assert!(matches!(repo.cache.remove_commit(&commit('b')), Err(HubError::NotCached { .. })));
}

#[test]
fn removing_the_last_revision_removes_the_repository() {
    let repo = two_snapshots();
    repo.cache.remove_commit(&commit('b')).unwrap();
    assert_eq!(repo.cache.remove_commit(&commit('a')).unwrap().freed.0, 500 + 40);
    assert!(Cache::new(repo.dir.path().to_owned()).list().unwrap().is_empty());
    assert!(matches!(repo.cache.remove_all(), Err(HubError::NotCached { .. })));
}

#[test]
fn copies_keep_their_blobs_until_all_are_gone() {
    let repo = two_snapshots();
    let pointer = repo.cache.snapshot(&commit('a')).join("config.json");
    fs::remove_file(&pointer).unwrap();
    fs::write(&pointer, "a copy").unwrap();
    assert_eq!(repo.cache.remove_commit(&commit('b')).unwrap().freed.0, 0);
    assert_eq!(blobs(&repo), ["c", "one", "t", "two"]);
}

#[test]
fn nothing_is_removed_while_somebody_downloads() {
    let repo = two_snapshots();
    fs::write(repo.cache.blobs().join("three.incomplete"), "x").unwrap();
    let lock = FileLock::try_acquire(&repo.cache.lock("three")).unwrap().unwrap();
    assert!(matches!(repo.cache.remove_all(), Err(HubError::InUse(_))));
    assert!(matches!(repo.cache.remove_commit(&commit('a')), Err(HubError::InUse(_))));
    drop(lock);
    repo.cache.remove_all().unwrap();
}

#[test]
fn a_half_snapshot_says_what_it_lacks() {
    let repo = two_snapshots();
    fs::remove_file(repo.cache.blobs().join("two")).unwrap();
    let found = repo.cache.inventory().unwrap();
    let missing: Vec<_> = found.revisions.iter().map(|revision| revision.missing.is_some()).collect();
    assert_eq!(missing, [false, true]);
}
