//! A small model with random weights, in a folder, for tests: it writes nonsense, always the same, and fast.

use std::{collections::HashMap, fs, io, path::Path};

use candle_core::{Device, Tensor};
use serde_json::{Value, json};

const WIDTH: usize = 16;
const INNER: usize = 32;
/// Rows of a table of learned positions before the first position.
const OFFSET: usize = 2;

/// Tokens of the tokenizer that [`random_model`] takes.
pub const VOCAB_SIZE: usize = 600;

/// Makes a folder a model: [`random_bart`] beside a small byte-level tokenizer of this crate's tests.
///
/// # Errors
///
/// When the tokenizer can't be read, or the folder not be written to.
pub fn random_model(folder: &Path, positions: usize, more: &Value) -> io::Result<()> {
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizers/bart");
    for name in ["vocab.json", "merges.txt", "tokenizer_config.json"] {
        fs::copy(tokenizer.join(name), folder.join(name))?;
    }
    random_bart(folder, VOCAB_SIZE, positions, more)
}

/// Writes the configuration and the weights of a BART with one layer a stack and so many positions beside the tokenizer
/// that is in the folder, whose ids are below `vocab_size`. `more` goes into `config.json`.
///
/// # Errors
///
/// When the folder can't be written to.
pub fn random_bart(folder: &Path, vocab_size: usize, positions: usize, more: &Value) -> io::Result<()> {
    let mut config = json!({
        "model_type": "bart", "vocab_size": vocab_size, "d_model": WIDTH, "encoder_layers": 1, "decoder_layers": 1,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": INNER, "decoder_ffn_dim": INNER,
        "max_position_embeddings": positions, "num_beams": 2, "no_repeat_ngram_size": 3,
    });
    if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
        config.extend(more.clone());
    }
    fs::write(folder.join("config.json"), config.to_string())?;
    let mut noise = Noise(1);
    let mut tensors = HashMap::new();
    let mut add = |name: String, dims: &[usize], spread: f32| {
        let tensor = noise.tensor(dims, spread).map_err(io::Error::other)?;
        tensors.insert(format!("model.{name}"), tensor);
        Ok::<_, io::Error>(())
    };
    add("shared.weight".to_owned(), &[vocab_size, WIDTH], 1.0)?;
    for (stack, parts) in [("encoder", &["self_attn"][..]), ("decoder", &["self_attn", "encoder_attn"][..])] {
        add(format!("{stack}.embed_positions.weight"), &[positions + OFFSET, WIDTH], 0.5)?;
        norm(&mut add, &format!("{stack}.layernorm_embedding"))?;
        let layer = format!("{stack}.layers.0");
        for part in parts {
            for projection in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                linear(&mut add, &format!("{layer}.{part}.{projection}"), (WIDTH, WIDTH))?;
            }
            norm(&mut add, &format!("{layer}.{part}_layer_norm"))?;
        }
        linear(&mut add, &format!("{layer}.fc1"), (INNER, WIDTH))?;
        linear(&mut add, &format!("{layer}.fc2"), (WIDTH, INNER))?;
        norm(&mut add, &format!("{layer}.final_layer_norm"))?;
    }
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).map_err(io::Error::other)
}

type Add<'a> = dyn FnMut(String, &[usize], f32) -> io::Result<()> + 'a;

fn linear(add: &mut Add<'_>, name: &str, (rows, columns): (usize, usize)) -> io::Result<()> {
    add(format!("{name}.weight"), &[rows, columns], 0.4)?;
    add(format!("{name}.bias"), &[rows], 0.1)
}

fn norm(add: &mut Add<'_>, name: &str) -> io::Result<()> {
    add(format!("{name}.weight"), &[WIDTH], 1.0)?;
    add(format!("{name}.bias"), &[WIDTH], 0.1)
}

/// Numbers of a linear congruential generator (Knuth's MMIX).
struct Noise(u64);

impl Noise {
    fn tensor(&mut self, dims: &[usize], spread: f32) -> candle_core::Result<Tensor> {
        let values: Vec<f32> = (0..dims.iter().product()).map(|_| self.next() * spread).collect();
        Tensor::from_vec(values, dims, &Device::Cpu)
    }

    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5) * 3.4
    }
}
