"""Random models of every family and option, as Hugging Face transformers makes and saves them.

    python families.py tiny OUT_DIR          one folder for each family, a few kB each
    python families.py pickles T5_DIR        the weights of one of them as pytorch_model.bin, new, old and in 16 bits
    python families.py NAME OUT_DIR          one model of a true size: t5-small, flan-t5-base, distilbart-12-6, pegasus-large

Needs torch and transformers 5; 4.57 gives the same but for `encoder_repetition_penalty` with beams. The weights are random: they say nothing, and they compute as the real ones do.
"""

import os
import sys

sys.path.pop(0)  # this file's folder, whose tokenizers.py is not the library that transformers needs

import torch
from transformers import (
    BartConfig, BartForConditionalGeneration, MarianConfig, MarianMTModel, MBartConfig,
    MBartForConditionalGeneration, PegasusConfig, PegasusForConditionalGeneration, T5Config,
    T5ForConditionalGeneration,
)

VOCAB = 48
BART = dict(vocab_size=VOCAB, d_model=8, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=64)
T5 = dict(vocab_size=VOCAB, d_model=8, d_kv=6, d_ff=16, num_layers=2, num_heads=2, decoder_start_token_id=0)

TINY = {
    "t5": (T5ForConditionalGeneration, T5Config(**T5)),
    "t5-gated-untied": (T5ForConditionalGeneration, T5Config(
        **T5, feed_forward_proj="gated-gelu", tie_word_embeddings=False, num_decoder_layers=1)),
    "t5-silu": (T5ForConditionalGeneration, T5Config(
        **T5 | dict(num_heads=3), feed_forward_proj="gated-silu", relative_attention_num_buckets=12,
        relative_attention_max_distance=20)),
    "bart": (BartForConditionalGeneration, BartConfig(**BART, forced_bos_token_id=0)),
    "bart-scaled": (BartForConditionalGeneration, BartConfig(
        **BART | dict(decoder_layers=1, activation_function="relu"), scale_embedding=True)),
    "pegasus": (PegasusForConditionalGeneration, PegasusConfig(
        **BART, scale_embedding=True, activation_function="relu")),
    "mbart": (MBartForConditionalGeneration, MBartConfig(
        **BART, scale_embedding=True, decoder_start_token_id=3)),
    "marian": (MarianMTModel, MarianConfig(
        **BART, scale_embedding=True, activation_function="swish", pad_token_id=47, decoder_start_token_id=47)),
}

TRUE_SIZE = {
    "t5-small": (T5ForConditionalGeneration, T5Config(decoder_start_token_id=0)),
    "flan-t5-base": (T5ForConditionalGeneration, T5Config(
        d_model=768, d_ff=2048, num_layers=12, num_heads=12, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False, decoder_start_token_id=0)),
    "distilbart-12-6": (BartForConditionalGeneration, BartConfig(
        vocab_size=50264, decoder_layers=6, forced_bos_token_id=0)),
    "pegasus-large": (PegasusForConditionalGeneration, PegasusConfig(
        vocab_size=96103, encoder_layers=16, decoder_layers=16, scale_embedding=True,
        activation_function="relu")),
}


def make(kind, config, seed, spread):
    """A model whose weights are spread widely enough that its outputs vary, and its final bias is not zero."""
    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, spread(name, parameter))
            elif "norm" in name and name.endswith("weight"):
                parameter.normal_(1.0, 0.2)
            else:
                parameter.normal_(0.0, 0.2)
        if hasattr(model, "final_logits_bias"):
            model.final_logits_bias.normal_(0.0, 0.5)
    return model


def tiny(out):
    for number, (name, (kind, config)) in enumerate(TINY.items()):
        model = make(kind, config, number, lambda _, parameter: parameter.shape[-1] ** -0.5 * 1.6)
        model.save_pretrained(os.path.join(out, name))


def pickles(folder):
    state = T5ForConditionalGeneration.from_pretrained(folder).state_dict()
    tied = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
    halves = {name: tensor.to(torch.bfloat16) for name, tensor in state.items() if name not in tied}
    torch.save(state, os.path.join(folder, "zip.bin"))
    torch.save(state, os.path.join(folder, "old.bin"), _use_new_zipfile_serialization=False)
    torch.save(halves, os.path.join(folder, "bf16.bin"))


def true_size(name, out):
    kind, config = TRUE_SIZE[name]

    def spread(parameter_name, parameter):
        embedding = "embed" in parameter_name or "shared" in parameter_name
        return 0.5 if embedding else parameter.shape[-1] ** -0.5 * 1.2

    model = make(kind, config, 1, spread)
    model.save_pretrained(out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[1] == "tiny":
        tiny(sys.argv[2])
    elif sys.argv[1] == "pickles":
        pickles(sys.argv[2])
    else:
        true_size(sys.argv[1], sys.argv[2])
