//! Weights that stay in their file: memory-mapped, so that processes on one machine share the pages, and none is read
//! before it is needed.

use std::{fmt, fs::File, ops::Range, path::Path, sync::Arc};

use memmap2::Mmap;

use super::LoadError;

/// A file in memory. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct MappedFile(Arc<Mmap>);

impl MappedFile {
    #[expect(unsafe_code, reason = "memory-mapping a file is unsafe: it must not be changed meanwhile")]
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let file = File::open(path).map_err(|error| LoadError::io(path, error))?;
        // SAFETY: model files are written once, under another name, and moved into their place when they are complete.
        let map = unsafe { Mmap::map(&file) };
        let map = map.map_err(|error| LoadError::io(path, error))?;
        // All of it is read soon. Where the system takes no such advice it comes page by page.
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::WillNeed);
        Ok(Self(Arc::new(map)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `rows × columns` numbers of 32 bits at a place of the file; None where they aren't there, or lie so that they can't
    /// be read in place.
    pub(super) fn matrix(
        &self,
        place: Range<usize>,
        (rows, columns): (usize, usize),
    ) -> Option<MappedMatrix> {
        let bytes = self.0.get(place.clone())?;
        let numbers: &[f32] = bytemuck::try_cast_slice(bytes).ok()?;
        let fits = cfg!(target_endian = "little") && numbers.len() == rows.checked_mul(columns)?;
        fits.then(|| MappedMatrix { file: self.clone(), place, rows, columns })
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

/// A matrix of 32-bit floats, row by row, in a mapped file.
#[derive(Clone)]
pub(crate) struct MappedMatrix {
    file: MappedFile,
    place: Range<usize>,
    rows: usize,
    columns: usize,
}

impl MappedMatrix {
    pub(crate) fn values(&self) -> &[f32] {
        // Both were checked when it was made.
        let bytes = self.file.bytes().get(self.place.clone()).unwrap_or_default();
        bytemuck::try_cast_slice(bytes).unwrap_or_default()
    }

    /// Rows and columns.
    pub(crate) fn dims(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }
}

impl fmt::Debug for MappedMatrix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MappedMatrix({} × {})", self.rows, self.columns)
    }
}
