"""Cases for a model's folder with what Hugging Face transformers makes of them, one a line.

    python cases.py MODEL_DIR NUMBER [--seed N] [--length FROM-TO] [--new FROM-TO] [--plain] > cases.jsonl

A line is `{"id", "input_ids", "attention_mask"?, "generation", "output_ids", "scores"?, "logits"?}`; `--plain` asks for
greedy and beam-4 search in turn and nothing else, the default mixes every option. `logits` are those of the steps of a
greedy case, `[row][step][token]`; the first case has them.
"""

import argparse
import json
import random
import sys
import warnings

sys.path.pop(0)  # this file's folder, whose tokenizers.py is not the library that transformers needs

import torch
import transformers

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()


def options(rng, vocab, new):
    """Overrides of a random case."""
    some = lambda share: rng.random() < share
    chosen = {"max_new_tokens": rng.randint(*new)} if some(0.8) else {"max_length": rng.randint(*new) + 2}
    if some(0.6):
        chosen["num_beams"] = rng.randint(2, 5)
        if some(0.7):
            chosen["early_stopping"] = rng.choice([True, False, "never"])
        if some(0.6):
            chosen["length_penalty"] = rng.choice([-1.0, 0.0, 0.5, 0.8, 2.0, 3.5])
        if some(0.2):
            chosen["num_return_sequences"] = rng.randint(1, chosen["num_beams"])
    if some(0.3):
        chosen["min_new_tokens" if some(0.5) else "min_length"] = rng.randint(1, max(2, new[1] // 2))
    if some(0.3):
        chosen["no_repeat_ngram_size"] = rng.randint(1, 4)
    if some(0.25):
        chosen["repetition_penalty"] = rng.choice([0.8, 1.2, 1.7])
    if some(0.1):
        chosen["encoder_no_repeat_ngram_size"] = rng.randint(2, 3)
    if some(0.1):
        chosen["encoder_repetition_penalty"] = rng.choice([0.7, 1.4])
    if some(0.15):
        word = lambda: [rng.randrange(3, vocab) for _ in range(rng.randint(1, 3))]
        chosen["bad_words_ids"] = [word() for _ in range(rng.randint(1, 6))]
    if some(0.1):
        chosen["forced_bos_token_id"] = rng.randrange(vocab)
    if some(0.1):
        chosen["forced_eos_token_id"] = rng.choice([None, 1, [1, 2]])
    if some(0.1):
        chosen["suppress_tokens"] = [rng.randrange(3, vocab) for _ in range(4)]
    if some(0.1):
        chosen["begin_suppress_tokens"] = [rng.randrange(3, vocab) for _ in range(4)]
    if some(0.1):
        chosen["exponential_decay_length_penalty"] = [rng.randint(1, 5), rng.choice([1.1, 1.5])]
    if some(0.1):
        chosen["eos_token_id"] = [1, rng.randrange(2, vocab)]
    if some(0.1):
        chosen["renormalize_logits"] = True
    if some(0.05):
        chosen["remove_invalid_values"] = True
    if some(0.1):
        chosen["decoder_start_token_id"] = rng.randrange(vocab)
    return chosen


def inputs(rng, vocab, rows, length):
    lengths = [rng.randint(*length) for _ in range(rows)]
    width = max(lengths)
    ids = [[rng.randrange(3, vocab) for _ in range(width)] for _ in lengths]
    mask = [[1] * own + [0] * (width - own) for own in lengths]
    return ids, mask


def run(model, case):
    generation = dict(case["generation"])
    mask = torch.tensor(case["attention_mask"]) if "attention_mask" in case else None
    with torch.no_grad():
        output = model.generate(torch.tensor(case["input_ids"]), attention_mask=mask, return_dict_in_generate=True,
                                output_scores=True, output_logits=True, **generation)
    case["output_ids"] = output.sequences.tolist()
    if getattr(output, "sequences_scores", None) is not None:
        case["scores"] = output.sequences_scores.tolist()
    return output


def pair(text):
    first, last = text.split("-")
    return int(first), int(last)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--length", type=pair, default=(1, 20))
    parser.add_argument("--new", type=pair, default=(1, 24))
    parser.add_argument("--plain", action="store_true")
    arguments = parser.parse_args()
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(arguments.model).eval()
    rng, vocab = random.Random(arguments.seed), model.config.vocab_size
    for number in range(arguments.number):
        rows = 1 if arguments.plain else rng.choice([1, 1, 2, 3])
        ids, mask = inputs(rng, vocab, rows, arguments.length)
        case = {"id": number, "input_ids": ids}
        if rows > 1 or rng.random() < 0.2:
            case["attention_mask"] = mask
        if number == 0:
            case["generation"] = {"max_new_tokens": arguments.new[1]}
        elif arguments.plain:
            beams = {"num_beams": 4} if number % 2 else {}
            case["generation"] = {"max_new_tokens": arguments.new[1]} | beams
        else:
            case["generation"] = options(rng, vocab, arguments.new)
        try:
            output = run(model, case)
        except ValueError as error:
            case["error"] = str(error)
            output = None
        if number == 0:
            steps = torch.stack(output.logits, dim=1)
            case["logits"] = [[[round(x, 6) for x in step] for step in row] for row in steps.tolist()]
        print(json.dumps(case), flush=True)


if __name__ == "__main__":
    main()
