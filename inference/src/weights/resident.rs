//! A file in large pages of memory: a step of decoding reads all weights, and with pages of 4 kB looks up ten thousand places.

use std::{fs::File, io::Read as _, path::Path};

use memmap2::{Mmap, MmapMut};

use super::LoadError;

/// All of a file, read into memory.
#[derive(Debug)]
pub(super) struct Resident(Mmap);

impl Resident {
    /// Whether the system gives large pages to those who ask for them.
    pub(super) fn is_worth_it() -> bool {
        std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
            .is_ok_and(|modes| modes.contains("[always]") || modes.contains("[madvise]"))
    }

    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let read = || {
            let mut file = File::open(path)?;
            let length = usize::try_from(file.metadata()?.len()).map_err(std::io::Error::other)?;
            let mut memory = MmapMut::map_anon(length)?;
            // It is advice: with small pages it is only slower.
            #[cfg(target_os = "linux")]
            let _ = memory.advise(memmap2::Advice::HugePage);
            file.read_exact(&mut memory)?;
            memory.make_read_only()
        };
        read().map(Self).map_err(|error| LoadError::io(path, error))
    }
}

impl AsRef<[u8]> for Resident {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_bytes_of_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bytes");
        let bytes: Vec<u8> = (0..5_000_000_u64).map(|at| ((at * 7919) >> 8) as u8).collect();
        std::fs::write(&path, &bytes).expect("written");
        assert!(Resident::open(&path).expect("read").as_ref() == bytes);
        assert!(Resident::open(&folder.path().join("other")).is_err());
    }
}
