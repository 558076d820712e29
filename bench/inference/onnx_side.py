"""Greedy and beam search over the graphs of onnx_export.py in ONNX Runtime, as lean as they can be in Python.

Keys and values stay in ONNX Runtime from step to step; Python sees the logits of a step, or with beams the best of them.
"""

import json
from pathlib import Path

import numpy
import onnxruntime


def value(array):
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


class Generator:
    """A model; `threads` work on one step."""

    def __init__(self, graphs, folder, threads):
        self.graphs, self.threads = Path(graphs), threads
        self.config = json.loads((Path(folder) / "config.json").read_text())
        self.encoder, self.decoder, self.opened = self.session("encoder"), self.session("decoder"), "decoder"
        outputs = [output.name for output in self.encoder.get_outputs()]
        self.sources, self.layers = outputs, len(outputs) // 2
        _, self.heads, _, self.width = next(one.shape for one in self.encoder.get_outputs() if one.name == "source_v0")
        self.presents = [f"present_{kind}{layer}" for layer in range(self.layers) for kind in "kv"]

    def session(self, name):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        return onnxruntime.InferenceSession(self.graphs / f"{name}.onnx", options, providers=["CPUExecutionProvider"])

    def begin(self, ids, graph):
        """What the decoder takes at its first step."""
        if self.opened != graph:
            self.decoder = None
            self.decoder, self.opened = self.session(graph), graph
        encoded = self.encoder.run_with_ort_values(self.sources, {"ids": value(numpy.array(ids))})
        return dict(zip(self.sources, encoded))

    def none_yet(self, rows):
        empty = value(numpy.zeros((rows, self.heads, 0, self.width), dtype=numpy.float32))
        return {name.replace("present", "past"): empty for name in self.presents}

    def step(self, wanted, feeds, past):
        """Numbers for `wanted`, and the keys and values for the next step."""
        outputs = self.decoder.run_with_ort_values([*wanted, *self.presents], feeds | past)
        past = dict(zip(past, outputs[len(wanted):]))
        return [output.numpy() for output in outputs[:len(wanted)]], past

    def greedy(self, ids, new):
        """`new` tokens after each of the inputs; none of them ends it."""
        feeds, past = self.begin(ids, "decoder"), self.none_yet(len(ids))
        tokens = [numpy.full(len(ids), self.config["decoder_start_token_id"])]
        for _ in range(new):
            feeds["ids"] = value(tokens[-1][:, None])
            (logits,), past = self.step(["logits"], feeds, past)
            logits[:, self.config["eos_token_id"]] = -numpy.inf
            tokens.append(logits.argmax(axis=-1))
        return numpy.stack(tokens[1:], axis=1).tolist()

    def beam(self, ids, new, beams):
        """As `greedy`, the best of `beams` for each input."""
        inputs, rows, end = len(ids), len(ids) * beams, self.config["eos_token_id"]
        feeds, past = self.begin(ids, "beams"), self.none_yet(rows)
        # One more than are needed, since the end may be among them.
        feeds["top"] = value(numpy.array([beams + 1]))
        tokens = numpy.full((rows, 1), self.config["decoder_start_token_id"])
        origin, scores = numpy.arange(rows), numpy.full((inputs, beams), -1e9, dtype=numpy.float32)
        scores[:, 0] = 0.0
        first_rows = numpy.arange(inputs)[:, None] * beams
        for _ in range(new):
            feeds |= {"ids": value(numpy.ascontiguousarray(tokens[:, -1:])), "from": value(origin)}
            (best, words, total), past = self.step(["best", "tokens", "sum"], feeds, past)
            best = numpy.where(words == end, -numpy.inf, best - total + scores.reshape(-1, 1)).reshape(inputs, -1)
            order = numpy.argsort(-best, axis=1, kind="stable")[:, :beams]
            scores = numpy.take_along_axis(best, order, axis=1)
            chosen = numpy.take_along_axis(words.reshape(inputs, -1), order, axis=1).reshape(-1, 1)
            origin = (first_rows + order // (beams + 1)).reshape(-1)
            tokens = numpy.concatenate([tokens[origin], chosen], axis=1)
        return tokens.reshape(inputs, beams, -1)[:, 0, 1:].tolist()
