"""Trains a tiny T5 and a tiny BART on a toy summary, and says what transformers makes of them.

    python train_toy.py t5|bart OUT_DIR

Random weights are never sure of a token, so a rounding changes their whole output. These are sure, as trained models
are, and tell whether a change of precision (8-bit weights) still gives the same text.

The toy summary: an input is words without repetition, some of them behind a marker, and the output is the marked words
in their order. Writes the model, its weights rounded to 16 bits, and `cases.jsonl` with the greedy and the beam-search
output of transformers for these rounded weights in 32-bit floats: `{"id", "input_ids", "attention_mask", "generation",
"output_ids", "scores"?}`. The seed is fixed, and eight minutes on one core are enough for each. Needs torch and transformers 4.57.
"""

import json
import random
import sys
from pathlib import Path

sys.path.pop(0)  # this file's folder, whose tokenizers.py is not the library that transformers needs

import torch
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

VOCAB = 100
MARKER = 3
# Ids from here on are words.
WORDS = 4
BATCH = 64
STEPS = 6000
MODELS = {
    "t5": (T5ForConditionalGeneration, T5Config(
        vocab_size=VOCAB, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, dropout_rate=0.0,
        decoder_start_token_id=0)),
    "bart": (BartForConditionalGeneration, BartConfig(
        vocab_size=VOCAB, d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=128, decoder_ffn_dim=128, max_position_embeddings=64, dropout=0.0,
        init_std=0.1, forced_bos_token_id=None, forced_eos_token_id=None)),
}


def example(rng):
    """An input's words and its summary's, without the tokens that end them."""
    words = rng.sample(range(WORDS, VOCAB), rng.randint(10, 36))
    marked = set(rng.sample(words, rng.randint(2, 16) if len(words) > 16 else rng.randint(2, len(words))))
    source = [token for word in words for token in ([MARKER, word] if word in marked else [word])]
    return source, [word for word in words if word in marked]


def padded(rows, value):
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def inputs(sources, config):
    """Tokens and mask, `rows × length` each."""
    ids = padded([source + [config.eos_token_id] for source in sources], config.pad_token_id)
    return ids, (ids != config.pad_token_id).long()


def train(kind, config):
    torch.manual_seed(0)
    model, rng = kind(config).train(), random.Random(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=STEPS, pct_start=0.1)
    for step in range(STEPS):
        sources, summaries = zip(*(example(rng) for _ in range(BATCH)))
        ids, mask = inputs(sources, config)
        labels = padded([summary + [config.eos_token_id] for summary in summaries], -100)
        output = model(input_ids=ids, attention_mask=mask, labels=labels)
        output.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 250 == 249:
            told = labels != -100
            right = (output.logits.argmax(-1) == labels)[told].float().mean()
            print(f"step {step + 1}: loss {output.loss:.4f}, {100 * right:.1f} % of tokens right", flush=True)
    return model.eval()


def rounded(model):
    """The same model with weights that 16-bit floats can hold."""
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    return model


def cases(model):
    """48 inputs or batches of four that weren't trained on, greedy or with four beams."""
    rng, right, total, surest = random.Random(1), 0, 0, []
    for number in range(48):
        rows = [example(rng) for _ in range(4 if number % 4 > 1 else 1)]
        ids, mask = inputs([source for source, _ in rows], model.config)
        generation = {"max_new_tokens": 24} | ({"num_beams": 4} if number % 2 else {})
        with torch.no_grad():
            output = model.generate(ids, attention_mask=mask, return_dict_in_generate=True, output_scores=True, **generation)
        case = {"id": number, "input_ids": ids.tolist(), "attention_mask": mask.tolist(), "generation": generation,
                "output_ids": output.sequences.tolist()}
        if "num_beams" in generation:
            case["scores"] = output.sequences_scores.tolist()
        for row, ((_, summary), written) in enumerate(zip(rows, case["output_ids"])):
            right, total = right + (written[1:][: len(summary)] == summary), total + 1
            if "num_beams" not in generation:
                surest += [output.scores[step][row].softmax(-1).max().item() for step in range(len(summary) + 1)]
        yield case
    unsure = sum(share < 0.9 for share in surest)
    print(f"{right} of {total} summaries are right; {unsure} of {len(surest)} greedy tokens have less than 90 %")


def main(name, out):
    kind, config = MODELS[name]
    model = rounded(train(kind, config))
    lines = [json.dumps(case) for case in cases(model)]
    model.half().save_pretrained(out)
    (Path(out) / "cases.jsonl").write_text("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in MODELS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
