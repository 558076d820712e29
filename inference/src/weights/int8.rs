//! Weights in 8-bit integers, and the file beside the model that keeps them.
//!
//! Quantizing takes seconds for a large model, and all of its floats from the disk; reading what was made of them takes a tenth
//! of one. It is read into large pages where the system has some to give, and mapped where it has none.
//! The file is in the format of safetensors: the packed bytes of each matrix ([`Int8Matrix`]), each at a multiple of 64 bytes
//! so that no load crosses a line of the processor's cache, and `{name}.scales`. It says of which weights it was made, and
//! has a checksum; one that doesn't fit is made anew.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::UNIX_EPOCH,
};

use kernels::{Int8Matrix, StoredBytes};
use safetensors::SafeTensors;
use serde_json::{Map, Value, json};

use super::{LoadError, WeightFiles, Weights, mapped::MappedFile, resident::Resident};

/// The file's name, which no loader takes for the model's own weights.
const NAME: &str = "nutgraf-int8.safetensors";
/// Changes with the layout of the packed bytes, and with what is joined to one matrix.
const LAYOUT: &str = "1";
/// Bytes before the header: its length.
const LENGTH: usize = 8;
/// Where matrices begin.
const ALIGNMENT: usize = 64;
const SCALES: &str = ".scales";

impl Weights {
    /// The same, with what was quantized before. `kept` becomes true when what is made for want of that is kept.
    pub(crate) fn with_int8(mut self, files: &WeightFiles, kept: Arc<AtomicBool>) -> Self {
        let int8 = Int8File::open(files, kept);
        // What was kept takes the place of nearly all that the model's own files hold.
        if int8.stored.is_none() {
            self.read_ahead();
        }
        self.int8 = Some(int8);
        self
    }

    /// The weights of several layers of one input as one; `dims` are outputs of each, and inputs.
    pub(crate) fn int8(&mut self, names: &[String], dims: (usize, usize)) -> Result<Int8Matrix, LoadError> {
        let (name, all) = (names.join("+"), (dims.0 * names.len(), dims.1));
        let tensors = names.iter().map(|name| format!("{name}.weight"));
        if let Some(matrix) = self.int8.as_ref().and_then(|file| file.get(&name, all)) {
            tensors.for_each(|name| self.ignore(&name));
            return Ok(matrix);
        }
        let mut numbers = Vec::new();
        for name in tensors {
            self.append(&name, dims, &mut numbers)?;
        }
        self.quantize(name, &numbers, all)
    }

    /// As a matrix of that name, numbers that were loaded already.
    pub(crate) fn int8_of(
        &mut self,
        name: &str,
        numbers: &[f32],
        dims: (usize, usize),
    ) -> Result<Int8Matrix, LoadError> {
        match self.int8.as_ref().and_then(|file| file.get(name, dims)) {
            Some(matrix) => Ok(matrix),
            None => self.quantize(name.to_owned(), numbers, dims),
        }
    }

    fn quantize(
        &mut self,
        name: String,
        numbers: &[f32],
        dims: (usize, usize),
    ) -> Result<Int8Matrix, LoadError> {
        let matrix = Int8Matrix::quantize(numbers, dims.0, dims.1)?;
        if let Some(file) = &mut self.int8 {
            file.made.insert(name, matrix.clone());
        }
        Ok(matrix)
    }
}

/// Matrices from the file, and those that were made for want of it.
pub(super) struct Int8File {
    path: PathBuf,
    /// Of which weights it is; None where that can't be told, and so nothing is kept.
    origin: Option<String>,
    stored: Option<Stored>,
    made: BTreeMap<String, Int8Matrix>,
    kept: Arc<AtomicBool>,
}

struct Stored {
    file: StoredBytes,
    /// Where each tensor is.
    places: BTreeMap<String, Range<usize>>,
}

impl Int8File {
    fn open(files: &WeightFiles, kept: Arc<AtomicBool>) -> Self {
        let paths = files.paths();
        let folder = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new("."));
        let (path, origin) = (folder.join(NAME), origin(paths).ok());
        let stored = origin.as_deref().and_then(|origin| Stored::open(&path, origin));
        Self { path, origin, stored, made: BTreeMap::new(), kept }
    }

    fn get(&self, name: &str, dims: (usize, usize)) -> Option<Int8Matrix> {
        let Stored { file, places } = self.stored.as_ref()?;
        let scales = (**file).as_ref().get(places.get(&format!("{name}{SCALES}"))?.clone())?;
        let scales: Vec<f32> = scales.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Int8Matrix::stored(Arc::clone(file), places.get(name)?.clone(), &scales, dims).ok()
    }

    /// Keeps what was made, if nothing was kept before. Whoever can't write there quantizes each time.
    pub(super) fn keep(&self) {
        let nothing_new = self.stored.is_some() || self.made.is_empty();
        let Some(origin) = self.origin.as_ref().filter(|_| !nothing_new) else { return };
        // Under another name first, so that nobody maps half a file.
        let draft = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let kept = self.write(&draft, origin).and_then(|()| fs::rename(&draft, &self.path));
        if let Err(error) = kept {
            tracing::warn!(path = %self.path.display(), %error, "the quantized weights can't be kept; they are made anew each time");
            // It may not have come to be.
            let _ = fs::remove_file(&draft);
        } else {
            self.kept.store(true, Ordering::Relaxed);
        }
    }

    fn write(&self, path: &Path, origin: &str) -> io::Result<()> {
        let matrices = self.made.iter().map(|(name, matrix)| (name.clone(), "U8", matrix.bytes().to_vec()));
        let scales = self.made.iter().map(|(name, matrix)| {
            (
                format!("{name}{SCALES}"),
                "F32",
                matrix.scales().iter().flat_map(|scale| scale.to_le_bytes()).collect(),
            )
        });
        let (mut header, mut end, mut checksum) = (Map::new(), 0, crc32fast::Hasher::new());
        let mut places = BTreeMap::new();
        for (name, dtype, bytes) in matrices.clone().chain(scales.clone()) {
            let (begin, width) = (end, if dtype == "F32" { 4 } else { 1 });
            end += bytes.len();
            checksum.update(&bytes);
            places.insert(name.clone(), (begin, end));
            header.insert(
                name,
                json!({"dtype": dtype, "shape": [bytes.len() / width], "data_offsets": [begin, end]}),
            );
        }
        let checksum = finished(checksum, places.iter().map(|(name, place)| (name.as_str(), *place)));
        header.insert(
            "__metadata__".to_owned(),
            json!({"layout": LAYOUT, "origin": origin, "crc32": checksum}),
        );
        let mut header = Value::Object(header).to_string();
        let padding = (LENGTH + header.len()).next_multiple_of(ALIGNMENT) - LENGTH - header.len();
        header.push_str(&" ".repeat(padding));
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        matrices.chain(scales).try_for_each(|(_, _, bytes)| file.write_all(&bytes))?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

impl Stored {
    /// None where there is no file, or one that is not of these weights, or broken.
    fn open(path: &Path, origin: &str) -> Option<Self> {
        if !path.is_file() {
            return None;
        }
        let file = bytes_of(path).ok()?;
        let bytes = (*file).as_ref();
        let (length, header) = SafeTensors::read_metadata(bytes).ok()?;
        let begin = LENGTH.checked_add(length)?;
        let data = bytes.get(begin..)?;
        let said = |key: &str| header.metadata().as_ref().and_then(|said| said.get(key)).map(String::as_str);
        if said("layout") != Some(LAYOUT) || said("origin") != Some(origin) {
            return None;
        }
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(data);
        let tensors: BTreeMap<_, _> = header.tensors().into_iter().collect();
        let places = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.data_offsets));
        if said("crc32") != Some(&finished(checksum, places)) {
            tracing::warn!(path = %path.display(), "the quantized weights are broken; they are made anew");
            return None;
        }
        let place = |range: (usize, usize)| begin + range.0..begin + range.1;
        let places = header.tensors().into_iter().map(|(name, tensor)| (name, place(tensor.data_offsets)));
        let places = places.collect();
        Some(Self { file, places })
    }
}

fn bytes_of(path: &Path) -> Result<StoredBytes, LoadError> {
    if Resident::is_worth_it()
        && let Ok(file) = Resident::open(path)
    {
        return Ok(Arc::new(file));
    }
    let file = MappedFile::open(path)?;
    file.read_ahead();
    Ok(Arc::new(file))
}

/// The checksum of all data, once it knows what is where too.
fn finished<'a>(
    mut checksum: crc32fast::Hasher,
    places: impl Iterator<Item = (&'a str, (usize, usize))>,
) -> String {
    for (name, (begin, end)) in places {
        checksum.update(format!("{name} {begin} {end}\n").as_bytes());
    }
    format!("{:08x}", checksum.finalize())
}

/// What tells weights from others without reading them: name, length and time of each file. The name is that behind the
/// links: in the hub's cache it is the content's hash.
fn origin(paths: &[PathBuf]) -> io::Result<String> {
    let of_one = |path: &PathBuf| {
        let path = path.canonicalize()?;
        let (metadata, name) =
            (path.metadata()?, path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let time = metadata.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
        Ok(format!("{name}:{}:{}", metadata.len(), time.as_nanos()))
    };
    Ok(paths.iter().map(of_one).collect::<io::Result<Vec<_>>>()?.join(","))
}
