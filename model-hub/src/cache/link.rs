//! A file of a snapshot: a link to its blob.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{create_parent, draft};
use crate::error::HubError;

/// Makes `pointer` lead to `blob`: a relative symbolic link, so that the cache can be moved; where the file system has
/// none (or Windows permits none), a hard link; where it has neither, a copy.
pub(crate) fn link(blob: &Path, pointer: &Path) -> Result<(), HubError> {
    link_with(blob, pointer, symlink)
}

fn link_with(
    blob: &Path,
    pointer: &Path,
    symlink: impl Fn(&Path, &Path) -> io::Result<()>,
) -> Result<(), HubError> {
    if pointer.is_file() {
        return Ok(());
    }
    create_parent(pointer)?;
    let failed = |error| HubError::io(pointer, error);
    // A link that leads nowhere.
    if pointer.is_symlink() {
        fs::remove_file(pointer).map_err(failed)?;
    }
    let made = relative(blob, pointer)
        .map_or_else(|| Err(io::ErrorKind::InvalidInput.into()), |target| symlink(&target, pointer));
    let made = made.or_else(|error| match error.kind() {
        // Somebody else was quicker.
        io::ErrorKind::AlreadyExists => Ok(()),
        _ => fs::hard_link(blob, pointer).or_else(|_| copy(blob, pointer)),
    });
    made.map_err(failed)
}

/// The copy appears whole or not at all.
fn copy(blob: &Path, pointer: &Path) -> io::Result<()> {
    let draft = draft(pointer);
    let copied = fs::copy(blob, &draft).and_then(|_| fs::rename(&draft, pointer));
    if copied.is_err() {
        // What is left of it is of no use to anybody.
        fs::remove_file(&draft).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
    }
    copied
}

/// The way from the directory of `pointer` to `blob`, which have a repository's directory in common.
fn relative(blob: &Path, pointer: &Path) -> Option<PathBuf> {
    let common = pointer.ancestors().find(|ancestor| blob.starts_with(ancestor))?;
    let down = blob.strip_prefix(common).ok()?;
    let up = pointer.parent()?.strip_prefix(common).ok()?.components().count();
    Some(std::iter::repeat_n(Path::new(".."), up).collect::<PathBuf>().join(down))
}

#[cfg(unix)]
fn symlink(target: &Path, pointer: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, pointer)
}

#[cfg(windows)]
fn symlink(target: &Path, pointer: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, pointer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (blob, pointer) =
            (dir.path().join("blobs/abc"), dir.path().join("snapshots/123/onnx/config.json"));
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::write(&blob, "content").unwrap();
        (dir, blob, pointer)
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_relative_and_replaces_one_that_leads_nowhere() {
        let (_dir, blob, pointer) = repo();
        fs::create_dir_all(pointer.parent().unwrap()).unwrap();
        symlink(Path::new("../nowhere"), &pointer).unwrap();
        link(&blob, &pointer).unwrap();
        assert_eq!(fs::read_link(&pointer).unwrap(), Path::new("../../../blobs/abc"));
        assert_eq!(fs::read_to_string(&pointer).unwrap(), "content");
    }

    #[test]
    fn where_there_are_no_symbolic_links_the_file_is_there_all_the_same() {
        let (_dir, blob, pointer) = repo();
        link_with(&blob, &pointer, |_, _| Err(io::ErrorKind::Unsupported.into())).unwrap();
        assert!(pointer.is_file() && !pointer.is_symlink());
        assert_eq!(fs::read_to_string(&pointer).unwrap(), "content");
    }

    #[test]
    fn a_copy_leaves_nothing_else_behind() {
        let (_dir, blob, pointer) = repo();
        create_parent(&pointer).unwrap();
        copy(&blob, &pointer).unwrap();
        assert!(copy(Path::new("/no/such/blob"), &pointer).is_err());
        assert_eq!(fs::read_dir(pointer.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(&pointer).unwrap(), "content");
    }
}
