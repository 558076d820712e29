//! Makes a small model with random weights beside a tokenizer: `random_model TOKENIZER_DIR OUT_DIR`. It writes nonsense, fast;
//! to try what stands around a model.

use std::{error::Error, fs, path::Path};

use inference::{testing::random_bart, tokenizer::Tokenizer};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tokenizer, out] = arguments.as_slice() else {
        return Err("usage: random_model TOKENIZER_DIR OUT_DIR".into());
    };
    let (tokenizer, out) = (Path::new(tokenizer), Path::new(out));
    fs::create_dir_all(out)?;
    for entry in fs::read_dir(tokenizer)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name() != "cases.jsonl" {
            fs::copy(entry.path(), out.join(entry.file_name()))?;
        }
    }
    random_bart(out, Tokenizer::from_dir(out)?.vocab_size(), 1024, &json!({}))?;
    Ok(())
}
