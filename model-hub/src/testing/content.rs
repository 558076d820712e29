//! What a test hub holds.

use std::fmt::Write as _;

use bytes::Bytes;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// How a file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In Git itself.
    Git,
    /// In large-file storage.
    Large,
}

impl Kind {
    /// By its name, as `.gitattributes` would have it.
    pub fn of(name: &str) -> Self {
        let large = [".safetensors", ".bin", ".gguf", ".model", ".spm"];
        if large.iter().any(|end| name.ends_with(end)) { Self::Large } else { Self::Git }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) kind: Kind,
    pub(super) etag: String,
    pub(super) bytes: Bytes,
}

impl Stored {
    pub(super) fn new(name: &str, bytes: Bytes) -> Self {
        let kind = Kind::of(name);
        Self { kind, etag: digest_of(kind, &bytes), bytes }
    }
}

pub(super) fn digest_of(kind: Kind, bytes: &[u8]) -> String {
    match kind {
        Kind::Large => hexadecimal(&Sha256::digest(bytes)),
        Kind::Git => {
            let blob = Sha1::new_with_prefix(format!("blob {}\0", bytes.len())).chain_update(bytes);
            hexadecimal(&blob.finalize())
        }
    }
}

/// The name of a commit of these files: a hash of names and contents.
pub fn commit_of(files: &[(&str, Bytes)]) -> String {
    let hash = files.iter().fold(Sha1::new(), |hash, (name, bytes)| {
        hash.chain_update(name).chain_update([0]).chain_update(Sha256::digest(bytes))
    });
    hexadecimal(&hash.finalize())
}

/// The files of a small model: settings, a tokenizer, `weights` bytes of weights, and what no model needs.
pub fn model_files(weights: usize) -> Vec<(&'static str, Bytes)> {
    let noise: Vec<u8> =
        (0..weights as u64).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8).collect();
    vec![
        (".gitattributes", Bytes::from_static(b"*.safetensors filter=lfs\n")),
        ("README.md", Bytes::from_static(b"# A model for tests\n")),
        ("config.json", Bytes::from_static(b"{\"model_type\": \"t5\"}\n")),
        ("model.safetensors", noise.into()),
        ("onnx/model.onnx", Bytes::from_static(b"no model of ours")),
        ("tokenizer.json", Bytes::from_static(b"{\"version\": \"1.0\"}\n")),
    ]
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
