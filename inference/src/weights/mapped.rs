//! Weights that stay in their file: memory-mapped, so that processes on one machine share the pages, and none is read
//! before it is needed.

use std::{fmt, fs::File, io, ops::Range, path::Path, sync::Arc};

use memmap2::Mmap;

use super::LoadError;

/// A file in memory. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct MappedFile(Arc<Mapped>);

#[derive(Debug)]
struct Mapped {
    map: Mmap,
    file: File,
}

impl MappedFile {
    #[expect(unsafe_code, reason = "memory-mapping a file is unsafe: it must not be changed meanwhile")]
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let file = File::open(path).map_err(|error| LoadError::io(path, error))?;
        // SAFETY: model files are written once, under another name, and moved into their place when they are complete.
        let map = unsafe { Mmap::map(&file) };
        let map = map.map_err(|error| LoadError::io(path, error))?;
        Ok(Self(Arc::new(Mapped { map, file })))
    }

    /// All of it is read soon. Where the system takes no such advice it comes page by page.
    pub(super) fn read_ahead(&self) {
        #[cfg(unix)]
        let _ = self.0.map.advise(memmap2::Advice::WillNeed);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.map
    }

    /// Reads bytes that lie in the file into `place`, without mapping their pages.
    #[cfg(unix)]
    fn read(&self, begin: usize, place: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0.file, place, begin as u64)
    }

    /// Copies bytes that lie in the file into `place`.
    #[cfg(not(unix))]
    fn read(&self, begin: usize, place: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes().get(begin..).and_then(|bytes| bytes.get(..place.len()));
        place.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    /// `rows × columns` numbers of 32 bits at a place of the file; None where they aren't there, or lie so that they can't
    /// be read in place.
    pub(super) fn matrix(
        &self,
        place: Range<usize>,
        (rows, columns): (usize, usize),
    ) -> Option<MappedMatrix> {
        let bytes = self.bytes().get(place.clone())?;
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

    /// Reads a row into `place`, `[columns]`, so that of a table of which few rows are needed the rest stays out of memory: a
    /// page of a mapping brings its neighbours along.
    pub(crate) fn read_row(&self, row: usize, place: &mut [f32]) -> io::Result<()> {
        if row >= self.rows || place.len() != self.columns {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let begin = self.place.start + row * self.columns * size_of::<f32>();
        self.file.read(begin, bytemuck::cast_slice_mut(place))
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

#[cfg(test)]
mod tests {
    use super::*;

    const DIMS: (usize, usize) = (3, 4);

    /// Twelve numbers after 8 bytes.
    fn matrix(folder: &Path) -> MappedMatrix {
        let numbers: Vec<f32> = (0..12).map(|at| at as f32 / 3.0).collect();
        let path = folder.join("numbers");
        std::fs::write(&path, [&[0; 8], bytemuck::cast_slice(&numbers)].concat()).expect("written");
        MappedFile::open(&path).expect("mapped").matrix(8..56, DIMS).expect("a matrix")
    }

    #[test]
    fn a_row_that_is_read_is_that_of_the_mapping() {
        let folder = tempfile::tempdir().expect("a folder");
        let matrix = matrix(folder.path());
        for (row, mapped) in matrix.values().chunks_exact(4).enumerate() {
            let mut read = [f32::NAN; 4];
            matrix.read_row(row, &mut read).expect("read");
            assert_eq!(
                bytemuck::cast_slice::<f32, u8>(&read),
                bytemuck::cast_slice::<f32, u8>(mapped),
                "row {row}"
            );
        }
    }

    #[test]
    fn a_row_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let matrix = matrix(folder.path());
        assert!(matrix.read_row(3, &mut [0.0; 4]).is_err());
        assert!(matrix.read_row(0, &mut [0.0; 5]).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_was_cut_off_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let matrix = matrix(folder.path());
        File::options()
            .write(true)
            .open(folder.path().join("numbers"))
            .and_then(|file| file.set_len(30))
            .expect("cut");
        let error = matrix.read_row(1, &mut [0.0; 4]).expect_err("half a row");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
