//! Text to token ids and back, as the model's own tokenizer does it.
