//! Quantized weights in the GGUF format, of T5 models.

use std::{
    collections::HashMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use candle_core::{
    Device, Shape, Tensor,
    quantized::{QMatMul, QTensor, gguf_file::Content},
};

use super::{LoadError, Source};

pub(super) struct Gguf {
    path: PathBuf,
    content: Content,
    /// The name that transformers has, and the one in the file.
    names: HashMap<String, String>,
}

impl Gguf {
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let mut file = BufReader::new(File::open(path).map_err(|error| LoadError::io(path, error))?);
        let content = Content::read(&mut file).map_err(|error| LoadError::format(path, error))?;
        let gated = content.tensor_infos.keys().any(|name| name.contains(".ffn_gate."));
        let names = content.tensor_infos.keys().map(|name| (canonical(name, gated), name.clone())).collect();
        Ok(Self { path: path.to_owned(), content, names })
    }

    fn read(&self, name: &str, device: &Device) -> Result<QTensor, LoadError> {
        let mut file =
            BufReader::new(File::open(&self.path).map_err(|error| LoadError::io(&self.path, error))?);
        let name = self.names.get(name).map_or(name, String::as_str);
        let tensor = self.content.tensor(&mut file, name, device);
        tensor.map_err(|error| LoadError::format(&self.path, format!("{name}: {error}")))
    }
}

impl Source for Gguf {
    fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    fn load(&self, name: &str, device: &Device) -> Result<Tensor, LoadError> {
        Ok(self.read(name, device)?.dequantize(device)?)
    }

    fn quantized(&self, name: &str, device: &Device) -> Result<Option<(QMatMul, Shape)>, LoadError> {
        let tensor = self.read(name, device)?;
        let shape = tensor.shape().clone();
        Ok(Some((QMatMul::from_qtensor(tensor)?, shape)))
    }
}

/// The name of a tensor in transformers, where the file has llama.cpp's (`constants.py` of its gguf package).
fn canonical(name: &str, gated: bool) -> String {
    let whole = match name {
        "token_embd.weight" => "shared.weight",
        "output.weight" => "lm_head.weight",
        "enc.output_norm.weight" => "encoder.final_layer_norm.weight",
        "dec.output_norm.weight" => "decoder.final_layer_norm.weight",
        _ => "",
    };
    if !whole.is_empty() {
        return whole.to_owned();
    }
    block(name, gated).unwrap_or_else(|| name.to_owned())
}

fn block(name: &str, gated: bool) -> Option<String> {
    let (stack, rest) = match name.split_once(".blk.")? {
        ("enc", rest) => ("encoder", rest),
        ("dec", rest) => ("decoder", rest),
        _ => return None,
    };
    let (number, part) = rest.split_once('.')?;
    let last = if stack == "encoder" { 1 } else { 2 };
    let part = match part.strip_suffix(".weight")? {
        "attn_q" => "0.SelfAttention.q".to_owned(),
        "attn_k" => "0.SelfAttention.k".to_owned(),
        "attn_v" => "0.SelfAttention.v".to_owned(),
        "attn_o" => "0.SelfAttention.o".to_owned(),
        "attn_rel_b" => "0.SelfAttention.relative_attention_bias".to_owned(),
        "attn_norm" => "0.layer_norm".to_owned(),
        "cross_attn_q" => "1.EncDecAttention.q".to_owned(),
        "cross_attn_k" => "1.EncDecAttention.k".to_owned(),
        "cross_attn_v" => "1.EncDecAttention.v".to_owned(),
        "cross_attn_o" => "1.EncDecAttention.o".to_owned(),
        "cross_attn_rel_b" => "1.EncDecAttention.relative_attention_bias".to_owned(),
        "cross_attn_norm" => "1.layer_norm".to_owned(),
        "ffn_gate" => format!("{last}.DenseReluDense.wi_0"),
        "ffn_up" if gated => format!("{last}.DenseReluDense.wi_1"),
        "ffn_up" => format!("{last}.DenseReluDense.wi"),
        "ffn_down" => format!("{last}.DenseReluDense.wo"),
        "ffn_norm" => format!("{last}.layer_norm"),
        _ => return None,
    };
    Some(format!("{stack}.block.{number}.layer.{part}.weight"))
}
