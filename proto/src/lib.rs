//! The wire contract: code generated from `nutgraf/*/v1/*.proto`, and nothing else. It is not linted: nobody wrote it.
#![allow(
    missing_docs,
    clippy::all,
    clippy::disallowed_types,
    reason = "generated code; the .proto files have the documentation"
)]

/// `nutgraf.scraper.v1`: finds and reads articles.
pub mod scraper {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("nutgraf.scraper.v1");
        /// Encoded `FileDescriptorSet`, for server reflection.
        pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scraper.binpb"));
    }
}

/// `nutgraf.summarizer.v1`: summarizes articles.
pub mod summarizer {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("nutgraf.summarizer.v1");
        /// Encoded `FileDescriptorSet`, for server reflection.
        pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/summarizer.binpb"));
    }
}
