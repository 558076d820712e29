//! The file format of SentencePiece (`sentencepiece_model.proto`), as far as tokenizing needs it.

use prost::Message;

use super::error::TokenizerError;
use super::vocabulary::VocabularyBounds;

/// `TrainerSpec.ModelType.UNIGRAM`, the default.
const UNIGRAM: i32 = 1;
/// `SentencePiece.Type.CONTROL`: never found in a text.
const CONTROL: i32 = 3;
/// `SentencePiece.Type.USER_DEFINED`: always found as a whole.
const USER_DEFINED: i32 = 4;

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<PieceProto>,
    #[prost(message, optional, tag = "2")]
    trainer_spec: Option<TrainerSpec>,
    #[prost(message, optional, tag = "3")]
    normalizer_spec: Option<NormalizerSpec>,
}

#[derive(Clone, PartialEq, Message)]
struct PieceProto {
    #[prost(string, optional, tag = "1")]
    piece: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
    #[prost(int32, optional, tag = "3")]
    r#type: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct TrainerSpec {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(int32, optional, tag = "40")]
    unk_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct NormalizerSpec {
    #[prost(bytes = "vec", optional, tag = "2")]
    precompiled_charsmap: Option<Vec<u8>>,
}

/// A Unigram model of SentencePiece.
#[derive(Debug)]
pub(super) struct SentencePieceModel {
    /// The name of the file it is from.
    pub(super) file: &'static str,
    /// The pieces with their log probabilities; a piece's place is its id.
    pub(super) pieces: Vec<(String, f64)>,
    /// The control and user-defined pieces in the order of their ids, and whether each is a control piece.
    pub(super) added: Vec<(String, bool)>,
    /// The id of the unknown piece.
    pub(super) unk_id: usize,
    /// The compiled rules of normalization; empty for none.
    pub(super) charsmap: Vec<u8>,
}

impl SentencePieceModel {
    /// Reads a model file.
    ///
    /// # Errors
    /// Bytes that aren't a SentencePiece model, a vocabulary out of bounds, and models that aren't Unigram.
    pub(super) fn parse(file: &'static str, bytes: &[u8]) -> Result<Self, TokenizerError> {
        let proto = ModelProto::decode(bytes)
            .map_err(|error| TokenizerError::invalid(file, format!("not a SentencePiece model: {error}")))?;
        let trainer = proto.trainer_spec.unwrap_or_default();
        if trainer.model_type.unwrap_or(UNIGRAM) != UNIGRAM {
            let what = "a SentencePiece model other than Unigram (without a tokenizer.json)";
            return Err(TokenizerError::unsupported(file, what));
        }
        let mut bounds = VocabularyBounds::default();
        let mut pieces = Vec::with_capacity(proto.pieces.len());
        let mut added = Vec::new();
        for PieceProto { piece, score, r#type } in proto.pieces {
            let (piece, score) = (piece.unwrap_or_default(), score.unwrap_or_default());
            bounds
                .add(&piece, pieces.len() as u64)
                .map_err(|reason| TokenizerError::invalid(file, reason))?;
            if !score.is_finite() {
                return Err(TokenizerError::invalid(
                    file,
                    format!("piece {} has no finite score", pieces.len()),
                ));
            }
            if let Some(CONTROL | USER_DEFINED) = r#type {
                added.push((piece.clone(), r#type == Some(CONTROL)));
            }
            pieces.push((piece, f64::from(score)));
        }
        let unk_id = usize::try_from(trainer.unk_id.unwrap_or_default()).unwrap_or(usize::MAX);
        if unk_id >= pieces.len() {
            return Err(TokenizerError::invalid(file, "the unknown piece is not among the pieces"));
        }
        let charsmap = proto.normalizer_spec.and_then(|spec| spec.precompiled_charsmap).unwrap_or_default();
        Ok(Self { file, pieces, added, unk_id, charsmap })
    }
}
