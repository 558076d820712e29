//! The files that weights come in.

#![expect(clippy::expect_used, reason = "a failed step is a failed test")]

use std::{
    collections::HashMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use candle_core::{
    DType, Device, Tensor,
    quantized::{GgmlDType, QTensor, gguf_file},
};
use inference::{
    Pretrained, PretrainedError,
    model::{Seq2Seq, TokenBatch},
    weights::LoadError,
};
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/t5").join(name)
}

/// A folder with the configuration of the small T5, and files of weights.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["config.json", "generation_config.json"] {
        fs::copy(fixture(name), folder.path().join(name)).expect("copied");
    }
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

fn open(path: &Path) -> Result<Pretrained, PretrainedError> {
    Pretrained::open(path, &Device::Cpu, DType::F32)
}

/// The logits of a few steps.
fn logits(pretrained: &Pretrained) -> Vec<f32> {
    let batch = TokenBatch::padded(&[vec![5, 9, 13, 21, 8, 30, 1]], 0).expect("a batch");
    let mut state = pretrained.model.encode(&batch, 1).expect("encoded");
    let steps = [0_u32, 7, 20].into_iter();
    steps
        .flat_map(|token| pretrained.model.decode(&[token], &mut state).expect("decoded").row(0).to_vec())
        .collect()
}

/// Largest difference, in units of the spread of the first.
fn difference(wanted: &[f32], found: &[f32]) -> f32 {
    assert_eq!(wanted.len(), found.len());
    let spread = (wanted.iter().map(|logit| logit * logit).sum::<f32>() / wanted.len() as f32).sqrt();
    wanted.iter().zip(found).map(|(a, b)| (a - b).abs() / spread).fold(0.0, f32::max)
}

fn reference() -> Vec<f32> {
    logits(&open(&fixture("")).expect("the fixture"))
}

#[test]
fn pickles_of_before_and_after_pytorch_1_6_hold_the_same_weights() {
    for (name, tolerance) in [("zip.bin", 0.0), ("old.bin", 0.0), ("bf16.bin", 0.1)] {
        let folder = folder(&[("pytorch_model.bin", &fs::read(fixture(name)).expect("a fixture"))]);
        let found = logits(&open(folder.path()).expect(name));
        let difference = difference(&reference(), &found);
        assert!(difference <= tolerance, "{name}: {difference}");
    }
}

#[test]
fn shards_hold_the_same_weights() {
    let tensors =
        candle_core::safetensors::load(fixture("model.safetensors"), &Device::Cpu).expect("tensors");
    let folder = folder(&[]);
    let mut map = serde_json::Map::new();
    let mut shards = [HashMap::new(), HashMap::new(), HashMap::new()];
    for (number, (name, tensor)) in tensors.into_iter().enumerate() {
        map.insert(name.clone(), format!("shard-{}.safetensors", number % 3).into());
        shards[number % 3].insert(name, tensor);
    }
    for (number, shard) in shards.iter().enumerate() {
        candle_core::safetensors::save(shard, folder.path().join(format!("shard-{number}.safetensors")))
            .expect("saved");
    }
    let index = serde_json::json!({ "weight_map": map }).to_string();
    fs::write(folder.path().join("model.safetensors.index.json"), index).expect("written");
    assert_eq!(reference(), logits(&open(folder.path()).expect("shards")));
}

#[test]
fn missing_unknown_and_misshapen_tensors_are_named_in_one_error() {
    let mut tensors =
        candle_core::safetensors::load(fixture("model.safetensors"), &Device::Cpu).expect("tensors");
    let missing = "decoder.block.1.layer.2.DenseReluDense.wo.weight";
    let misshapen = "encoder.final_layer_norm.weight";
    tensors.remove(missing).expect("it was there");
    tensors.insert(misshapen.to_owned(), Tensor::zeros(9, DType::F32, &Device::Cpu).expect("zeros"));
    tensors.insert(
        "encoder.adapter.weight".to_owned(),
        Tensor::zeros(1, DType::F32, &Device::Cpu).expect("zeros"),
    );
    let folder = folder(&[]);
    candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors")).expect("saved");
    let Err(PretrainedError::Weights(error @ LoadError::Tensors(_))) = open(folder.path()) else {
        panic!("it has to fail")
    };
    for part in [missing, misshapen, "encoder.adapter.weight", "[9]", "[8]"] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

#[test]
fn broken_files_are_errors_that_name_the_file() {
    let whole = fs::read(fixture("model.safetensors")).expect("a fixture");
    let zip = fs::read(fixture("zip.bin")).expect("a fixture");
    let old = fs::read(fixture("old.bin")).expect("a fixture");
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let cases: [(&str, &[u8]); 10] = [
        ("model.safetensors", b""),
        ("model.safetensors", &whole[..whole.len() / 2]),
        ("model.safetensors", &huge),
        ("pytorch_model.bin", b"not a pickle"),
        ("pytorch_model.bin", &zip[..zip.len() / 2]),
        ("pytorch_model.bin", &old[..old.len() / 2]),
        ("pytorch_model.bin", &old[..40]),
        ("model.gguf", b"GGUF"),
        ("model.gguf", b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ("model.safetensors.index.json", b"{}"),
    ];
    for (name, bytes) in cases {
        let folder = folder(&[(name, bytes)]);
        let error = open(folder.path()).expect_err(name).to_string();
        assert!(error.contains(name) || error.contains("missing"), "{name}: {error}");
    }
}

#[test]
fn a_folder_without_a_configuration_is_an_error_that_says_so() {
    let error = open(tempfile::tempdir().expect("a folder").path()).expect_err("it is empty");
    assert!(error.to_string().contains("config.json"), "{error}");
}

/// Matrices of numbers that look random and are always the same, by rows, columns and spread.
fn noise() -> impl FnMut(usize, usize, f32) -> Tensor {
    let mut seed = 1_u64;
    move |rows, columns, spread| {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((seed >> 40) as f32 / (1 << 24) as f32 - 0.5) * 3.4 * spread
        };
        let values: Vec<f32> = (0..rows * columns).map(|_| next()).collect();
        Tensor::from_vec(values, (rows, columns), &Device::Cpu).expect("a tensor")
    }
}

/// A T5 whose matrices are wide enough for blocks of 256.
fn wide() -> (serde_json::Value, HashMap<String, Tensor>) {
    let config = serde_json::json!({
        "model_type": "t5", "vocab_size": 40, "d_model": 256, "d_kv": 64, "d_ff": 512, "num_layers": 1, "num_heads": 4,
        "feed_forward_proj": "gated-gelu", "decoder_start_token_id": 0,
        "tie_word_embeddings": false,
    });
    let mut tensors = HashMap::new();
    let mut random = noise();
    let ones = || Tensor::ones(256, DType::F32, &Device::Cpu).expect("ones");
    tensors.insert("shared.weight".to_owned(), random(40, 256, 1.0));
    tensors.insert("lm_head.weight".to_owned(), random(40, 256, 0.06));
    for (stack, layers) in
        [("encoder", &["SelfAttention"][..]), ("decoder", &["SelfAttention", "EncDecAttention"][..])]
    {
        tensors.insert(format!("{stack}.final_layer_norm.weight"), ones());
        for (at, attention) in layers.iter().enumerate() {
            for part in ["q", "k", "v", "o"] {
                tensors.insert(
                    format!("{stack}.block.0.layer.{at}.{attention}.{part}.weight"),
                    random(256, 256, 0.06),
                );
            }
            tensors.insert(format!("{stack}.block.0.layer.{at}.layer_norm.weight"), ones());
        }
        let last = layers.len();
        for (part, rows, columns) in [("wi_0", 512, 256), ("wi_1", 512, 256), ("wo", 256, 512)] {
            tensors.insert(
                format!("{stack}.block.0.layer.{last}.DenseReluDense.{part}.weight"),
                random(rows, columns, 0.06),
            );
        }
        tensors.insert(format!("{stack}.block.0.layer.{last}.layer_norm.weight"), ones());
        let bias = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        tensors.insert(bias, random(32, 4, 0.5));
    }
    (config, tensors)
}

/// llama.cpp's name of a tensor.
fn gguf_name(name: &str) -> String {
    let stack = if name.starts_with("encoder") { "enc" } else { "dec" };
    let last = if name.starts_with("encoder") { "layer.1.layer_norm" } else { "layer.2.layer_norm" };
    let part = match name {
        "shared.weight" => return "token_embd.weight".to_owned(),
        "lm_head.weight" => return "output.weight".to_owned(),
        name if name.contains("final_layer_norm") => return format!("{stack}.output_norm.weight"),
        name if name.contains("relative_attention_bias") => "attn_rel_b".to_owned(),
        name if name.contains("wi_0") => "ffn_gate".to_owned(),
        name if name.contains("wi_1") => "ffn_up".to_owned(),
        name if name.contains("wo") => "ffn_down".to_owned(),
        name if name.contains(last) => "ffn_norm".to_owned(),
        name if name.contains("layer.0.layer_norm") => "attn_norm".to_owned(),
        name if name.contains("layer.1.layer_norm") => "cross_attn_norm".to_owned(),
        name => {
            let kind = if name.contains("EncDec") { "cross_attn" } else { "attn" };
            let part = name.trim_end_matches(".weight").rsplit('.').next().expect("a part");
            format!("{kind}_{part}")
        }
    };
    format!("{stack}.blk.0.{part}.weight")
}

#[test]
fn quantized_weights_give_nearly_the_same() {
    let (mut config, tensors) = wide();
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.json"), config.to_string()).expect("written");
    candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors")).expect("saved");
    let wanted = logits(&open(folder.path()).expect("floats"));
    fs::remove_file(folder.path().join("model.safetensors")).expect("removed");
    // The file itself says that its head is not the embedding.
    config.as_object_mut().expect("an object").remove("tie_word_embeddings");
    fs::write(folder.path().join("config.json"), config.to_string()).expect("written");
    for (dtype, tolerance) in [(GgmlDType::Q8_0, 0.1), (GgmlDType::Q4K, 1.0)] {
        let quantize = |(name, tensor): (&String, &Tensor)| {
            let plain = tensor.rank() == 1 || name.contains("relative");
            let dtype = if plain { GgmlDType::F32 } else { dtype };
            (gguf_name(name), QTensor::quantize(tensor, dtype).expect("quantized"))
        };
        let quantized: Vec<(String, QTensor)> = tensors.iter().map(quantize).collect();
        let named: Vec<(&str, &QTensor)> =
            quantized.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let mut file = File::create(folder.path().join("model.gguf")).expect("a file");
        gguf_file::write(&mut file, &[], &named).expect("written");
        let found = logits(&open(folder.path()).expect("quantized"));
        let difference = difference(&wanted, &found);
        assert!(difference > 0.0 && difference < tolerance, "{dtype:?}: {difference}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn weights_stay_in_their_file_where_processes_share_them() {
    let file = fs::read(fixture("model.safetensors")).expect("the fixture");
    let folder = folder(&[("model.safetensors", &file)]);
    let path = folder.path().join("model.safetensors");
    let is_mapped = || {
        let maps = fs::read_to_string("/proc/self/maps").expect("maps");
        maps.lines().any(|line| line.ends_with(path.to_str().expect("a name")) && line.contains(" r--"))
    };
    assert!(!is_mapped());
    let pretrained = open(folder.path()).expect("a model");
    assert!(is_mapped());
    assert!(difference(&reference(), &logits(&pretrained)) < 1e-6);
    drop(pretrained);
    assert!(!is_mapped());
}
