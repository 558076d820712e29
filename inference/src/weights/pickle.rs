//! `pytorch_model.bin`: a zip archive with a pickle, or, before PyTorch 1.6, pickles one after the other.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use candle_core::{
    Device, Tensor,
    pickle::{Object, PthTensors, Stack, TensorInfo},
};

use super::{LoadError, Source};

/// The pickle of the number with which old files begin.
const OLD_MAGIC: [u8; 15] = *b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
/// Pickles between the magic number and the tensors: the protocol's version, and the machine that wrote the file.
const OLD_PREAMBLE: usize = 2;

pub(super) struct Pickle {
    files: Vec<(PathBuf, Layout)>,
}

enum Layout {
    Zip(PthTensors),
    Old(OldFile),
}

/// A file of before PyTorch 1.6: tensors that point into storages.
struct OldFile {
    tensors: HashMap<String, TensorInfo>,
    /// Where the bytes of a storage begin.
    storages: HashMap<String, u64>,
}

impl Pickle {
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, LoadError> {
        let open = |path: &PathBuf| guarded(path, || Ok((path.clone(), Layout::open(path)?)));
        Ok(Self { files: paths.iter().map(open).collect::<Result<_, _>>()? })
    }
}

/// The reader of pickles takes lists apart without looking; a file that isn't as it expects must not end the program.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(LoadError::format(path, "it is not a pickle of tensors")))
}

impl Layout {
    fn open(path: &Path) -> Result<Self, LoadError> {
        let mut file = BufReader::new(File::open(path).map_err(|error| LoadError::io(path, error))?);
        let start = file.fill_buf().map_err(|error| LoadError::io(path, error))?;
        if start.starts_with(&OLD_MAGIC) {
            file.consume(OLD_MAGIC.len());
            return OldFile::read(&mut file).map(Self::Old).map_err(|error| LoadError::format(path, error));
        }
        PthTensors::new(path, None).map(Self::Zip).map_err(|error| LoadError::format(path, error))
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        match self {
            Self::Zip(tensors) => tensors.tensor_infos().keys(),
            Self::Old(file) => file.tensors.keys(),
        }
    }
}

impl OldFile {
    fn read(file: &mut BufReader<File>) -> candle_core::Result<Self> {
        for _ in 0..OLD_PREAMBLE {
            read_pickle(file)?;
        }
        let mut tensors = HashMap::new();
        if let Object::Dict(entries) = read_pickle(file)? {
            for (name, value) in entries {
                if let Some(info) = value.into_tensor_info(name, Path::new(""))? {
                    tensors.insert(info.name.clone(), info);
                }
            }
        }
        let Object::List(keys) = read_pickle(file)? else { candle_core::bail!("it has no list of storages") };
        // A storage is its number of elements, and the elements; their size is known from the tensors in it.
        let sizes: HashMap<&str, usize> =
            tensors.values().map(|info| (info.path.as_str(), info.dtype.size_in_bytes())).collect();
        let mut storages = HashMap::new();
        for key in keys {
            let path = format!(
                "/{}",
                String::try_from(key).map_err(|_| candle_core::Error::msg("a storage without a name"))?
            );
            let mut elements = [0; 8];
            file.read_exact(&mut elements)?;
            let start = file.stream_position()?;
            let size = sizes.get(path.as_str()).copied().unwrap_or(4) as u64;
            let length = u64::from_le_bytes(elements).saturating_mul(size);
            file.seek(SeekFrom::Start(start.saturating_add(length)))?;
            storages.insert(path, start);
        }
        Ok(Self { tensors, storages })
    }

    fn load(&self, path: &Path, name: &str) -> candle_core::Result<Tensor> {
        let missing = || candle_core::Error::msg("no such tensor");
        let info = self.tensors.get(name).ok_or_else(missing)?;
        let start = self.storages.get(&info.path).ok_or_else(missing)?;
        if !info.layout.is_contiguous() {
            candle_core::bail!("a tensor that is not contiguous");
        }
        let mut file = File::open(path)?;
        let start = start.saturating_add(info.layout.start_offset() as u64);
        let bytes =
            (info.layout.shape().elem_count() as u64).saturating_mul(info.dtype.size_in_bytes() as u64);
        // Before memory is taken for it.
        if start.saturating_add(bytes) > file.metadata()?.len() {
            candle_core::bail!("the file ends before the tensor");
        }
        let mut buffer = vec![0; bytes as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut buffer)?;
        Tensor::from_raw_buffer(&buffer, info.dtype, info.layout.dims(), &Device::Cpu)
    }
}

fn read_pickle(file: &mut BufReader<File>) -> candle_core::Result<Object> {
    let mut stack = Stack::empty();
    stack.read_loop(file)?;
    stack.finalize()
}

impl Source for Pickle {
    fn names(&self) -> Vec<String> {
        self.files.iter().flat_map(|(_, layout)| layout.names().cloned()).collect()
    }

    fn load(&self, name: &str, device: &Device) -> Result<Tensor, LoadError> {
        for (path, layout) in &self.files {
            let tensor = guarded(path, || {
                let tensor = match layout {
                    Layout::Zip(tensors) => tensors.get(name),
                    Layout::Old(file) if file.tensors.contains_key(name) => file.load(path, name).map(Some),
                    Layout::Old(_) => Ok(None),
                };
                tensor.map_err(|error| LoadError::format(path, format!("{name}: {error}")))
            })?;
            if let Some(tensor) = tensor {
                return Ok(tensor.to_device(device)?);
            }
        }
        let first = self.files.first().map(|(path, _)| path.clone()).unwrap_or_default();
        Err(LoadError::format(&first, format!("it has no {name}")))
    }
}
