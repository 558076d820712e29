//! Compiles the .proto files with protox, so that no `protoc` is needed.

use std::{env, error::Error, fs, path::Path};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    for service in ["scraper", "summarizer"] {
        let file = format!("nutgraf/{service}/v1/{service}.proto");
        println!("cargo:rerun-if-changed={file}");
        let descriptors = protox::compile([&file], ["."])?;
        fs::write(Path::new(&out).join(format!("{service}.binpb")), descriptors.encode_to_vec())?;
        tonic_prost_build::configure().compile_fds(descriptors)?;
    }
    Ok(())
}
