#!/usr/bin/env python3
"""One side of the benchmark in Python, as peers/ is one in Rust: see the protocol there.

    peers.py transformers|ctranslate2 MODEL_DIR THREADS < jobs
    peers.py convert MODEL_DIR OUT_DIR float32|int8      a model for ctranslate2
    peers.py machine THREADS                             what the machine can do at best, for the floor
"""

import json
import sys
import time


def say(**line):
    print(json.dumps(line), flush=True)


def peak_kb():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0])


def transformers_side(folder, threads):
    import torch
    import transformers

    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    began = time.perf_counter()
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    say(load_s=time.perf_counter() - began)

    def run(job):
        ids, new = torch.tensor(job["ids"]), job["new"]
        with torch.inference_mode():
            output = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, min_new_tokens=new,
                                    num_beams=job["beams"])
        return [len(row) - 1 for row in output.tolist()]

    return run


def ctranslate2_side(folder, threads):
    import ctranslate2

    began = time.perf_counter()
    model = ctranslate2.Translator(folder, device="cpu", intra_threads=threads, inter_threads=1)
    say(load_s=time.perf_counter() - began)

    def run(job):
        # In the converted model every token is called by its number.
        source, new = [[str(token) for token in row] for row in job["ids"]], job["new"]
        results = model.translate_batch(source, beam_size=job["beams"], max_decoding_length=new, min_decoding_length=new,
                                        max_input_length=0)
        return [len(result.hypotheses[0]) for result in results]

    return run


def convert(folder, out, quantization):
    """The models are random and have no tokenizer, so one stands in that calls every token by its number."""
    import ctranslate2
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder)

    class Numbers:
        pad_token, bos_token, eos_token = (
            str(token or 0) for token in (config.pad_token_id, config.bos_token_id, config.eos_token_id))
        unk_token = "2" if config.model_type == "t5" else "3"

        def get_vocab(self):
            return {str(token): token for token in range(config.vocab_size)}

        def convert_ids_to_tokens(self, token):
            return str(token)

    class Converter(ctranslate2.converters.TransformersConverter):
        def load_tokenizer(self, *_, **__):
            return Numbers()

    Converter(folder).convert(out, quantization=quantization, force=True)


def machine(threads):
    """The best of several reads of 512 MB, and of several products of matrices."""
    import torch

    torch.set_num_threads(threads)
    numbers, matrix = torch.ones(2**27), torch.rand(1536, 1536)

    def best(act):
        times = []
        for _ in range(7):
            began = time.perf_counter()
            act()
            times.append(time.perf_counter() - began)
        return min(times)

    read = numbers.nbytes / best(numbers.sum)
    say(bytes_per_s=read, flop_per_s=2 * 1536**3 / best(lambda: matrix @ matrix))


def serve(run):
    for line in sys.stdin:
        began = time.perf_counter()
        tokens = run(json.loads(line))
        say(seconds=time.perf_counter() - began, tokens=tokens)
    say(peak_kb=peak_kb())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["transformers", folder, threads]:
            serve(transformers_side(folder, int(threads)))
        case ["ctranslate2", folder, threads]:
            serve(ctranslate2_side(folder, int(threads)))
        case ["convert", folder, out, quantization]:
            convert(folder, out, quantization)
        case ["machine", threads]:
            machine(int(threads))
        case _:
            sys.exit(__doc__)
