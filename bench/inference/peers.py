#!/usr/bin/env python3
"""One side of the benchmark in Python, as peers/ is one in Rust: see the protocol there.

    peers.py transformers MODEL_DIR THREADS f32|bf16|int8 < jobs
    peers.py ctranslate2 MODEL_DIR THREADS < jobs
    peers.py onnxruntime ONNX_DIR THREADS MODEL_DIR < jobs   with what onnx_export.py makes
    peers.py optimum ONNX_DIR THREADS < jobs                 with what optimum_export.py makes
    peers.py convert MODEL_DIR OUT_DIR float32|int8          a model for ctranslate2
"""

import json
import sys
import time


def say(**line):
    print(json.dumps(line), flush=True)


def peak_kb():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0])


def transformers_side(folder, threads, precision):
    import torch
    import transformers
    from torch.ao.quantization import quantize_dynamic

    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    began = time.perf_counter()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=dtype).eval()
    if precision == "int8":
        model = quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    say(load_s=time.perf_counter() - began)
    return hugging_face_runs(model)


def optimum_side(folder, threads):
    import onnxruntime
    import transformers
    from optimum.onnxruntime import ORTModelForSeq2SeqLM

    transformers.logging.set_verbosity_error()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    began = time.perf_counter()
    model = ORTModelForSeq2SeqLM.from_pretrained(folder, session_options=options)
    say(load_s=time.perf_counter() - began)
    return hugging_face_runs(model)


def hugging_face_runs(model):
    import torch

    # No side is made to begin or end with a token.
    model.generation_config.forced_bos_token_id = model.generation_config.forced_eos_token_id = None

    def run(job):
        ids, new = torch.tensor(job["ids"]), job["new"]
        with torch.inference_mode():
            output = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, min_new_tokens=new,
                                    num_beams=job["beams"])
        return [row[1:] for row in output.tolist()]

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
        return [[int(token) for token in result.hypotheses[0]] for result in results]

    return run


def onnxruntime_side(graphs, threads, folder):
    from onnx_side import Generator

    began = time.perf_counter()
    generator = Generator(graphs, folder, threads)
    say(load_s=time.perf_counter() - began)

    def run(job):
        if job["beams"] == 1:
            return generator.greedy(job["ids"], job["new"])
        return generator.beam(job["ids"], job["new"], job["beams"])

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
        def load_model(self, *arguments, **named):
            model = super().load_model(*arguments, **named)
            # As in the config.json of BART's own models; transformers doesn't read it.
            model.config.normalize_before = False
            return model

        def load_tokenizer(self, *_, **__):
            return Numbers()

    Converter(folder).convert(out, quantization=quantization, force=True)


def serve(run):
    for line in sys.stdin:
        began = time.perf_counter()
        tokens = run(json.loads(line))
        say(seconds=time.perf_counter() - began, tokens=tokens)
    say(peak_kb=peak_kb())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["transformers", folder, threads, precision]:
            serve(transformers_side(folder, int(threads), precision))
        case ["ctranslate2", folder, threads]:
            serve(ctranslate2_side(folder, int(threads)))
        case ["onnxruntime", graphs, threads, folder]:
            serve(onnxruntime_side(graphs, int(threads), folder))
        case ["optimum", folder, threads]:
            serve(optimum_side(folder, int(threads)))
        case ["convert", folder, out, quantization]:
            convert(folder, out, quantization)
        case _:
            sys.exit(__doc__)
