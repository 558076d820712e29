//! Checksums of files. A hub's ETag is the SHA-256 of a file in large-file storage, and Git's name of any other (SHA-1
//! over a header and the content), which names the blob in the cache as well.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

const MAX_LENGTH: usize = 128;
const PIECE: usize = 256 * 1024;

/// An ETag that can name a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Etag(String);

/// What an ETag is a checksum by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256,
    /// `git hash-object`.
    GitSha1,
}

impl Etag {
    /// Reads `"…"` or `W/"…"`. `None` for what has other characters than those of a checksum or a similar name.
    pub(crate) fn of_header(value: &str) -> Option<Self> {
        let value = value.trim();
        let value = value.strip_prefix("W/").unwrap_or(value).trim_matches('"');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let good = (1..=MAX_LENGTH).contains(&value.len()) && value.bytes().all(plain);
        good.then(|| Self(value.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// `None` for the ETag of a mirror that is no checksum.
    pub(crate) fn digest(&self) -> Option<Digest> {
        let hexadecimal = self.0.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match self.0.len() {
            64 if hexadecimal => Some(Digest::Sha256),
            40 if hexadecimal => Some(Digest::GitSha1),
            _ => None,
        }
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Digest {
    /// The checksum of a file, in hexadecimal digits. Reads all of it.
    pub(crate) fn of_file(self, path: &Path) -> io::Result<String> {
        let mut file = File::open(path)?;
        match self {
            Self::Sha256 => Ok(hexadecimal(&read_into(&mut file, Sha256::new())?.finalize())),
            Self::GitSha1 => {
                let header = format!("blob {}\0", file.metadata()?.len());
                let hash = read_into(&mut file, Sha1::new_with_prefix(header))?;
                Ok(hexadecimal(&hash.finalize()))
            }
        }
    }
}

fn read_into<D: sha1::Digest>(file: &mut File, mut hash: D) -> io::Result<D> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = match file.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        match piece.get(..read) {
            Some(bytes) if read > 0 => hash.update(bytes),
            _ => return Ok(hash),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_git_and_of_sha256sum() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hello");
        std::fs::write(&file, "hello\n").unwrap();
        assert_eq!(Digest::GitSha1.of_file(&file).unwrap(), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(
            Digest::Sha256.of_file(&file).unwrap(),
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        );
    }

    #[test]
    fn an_etag_tells_what_it_is_a_checksum_by() {
        let digest = |value: &str| Etag::of_header(value).map(|etag| etag.digest());
        assert_eq!(digest(&format!("\"{}\"", "0f".repeat(32))), Some(Some(Digest::Sha256)));
        assert_eq!(digest(&format!("W/\"{}\"", "0f".repeat(20))), Some(Some(Digest::GitSha1)));
        assert_eq!(digest("\"5f3a-8\""), Some(None));
        for bad in ["", "\"\"", "../x", "\"a/b\"", "a b", "..", &"x".repeat(129)] {
            assert_eq!(digest(bad), None, "{bad}");
        }
    }
}
