"""What the ONNX graphs of T5 and BART have in common, for onnx_export.py: nodes, and attention in heads."""

import json
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 20


class Graph:
    """ONNX nodes as calls that return the name of their output."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.inputs, self.outputs = weights, [], {}, [], []

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = [f"{kind}{len(self.nodes)}_{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value, name=None):
        value = numpy.asarray(value)
        name = name or f"{value.dtype}{value.shape}{value.reshape(-1).tolist()[:8]}"
        self.constants.setdefault(name, numpy_helper.from_array(numpy.ascontiguousarray(value), name))
        return name

    def ints(self, *values):
        return self.constant(numpy.array(values, dtype=numpy.int64))

    def weight(self, name):
        return self.constant(self.weights[name], name)

    def take_in(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def give_out(self, value, name, shape, kind=TensorProto.FLOAT):
        self.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def linear(self, x, names, scales=None):
        """One product with the matrices of several layers; `scales` multiply each."""
        scales = scales or [1.0] * len(names)
        matrices = [self.weights[f"{name}.weight"] * numpy.float32(scale) for name, scale in zip(names, scales)]
        y = self.op("MatMul", x, self.constant(numpy.concatenate(matrices).T, "+".join(names)))
        if f"{names[0]}.bias" in self.weights:
            biases = [self.weights[f"{name}.bias"] * numpy.float32(scale) for name, scale in zip(names, scales)]
            y = self.op("Add", y, self.constant(numpy.concatenate(biases), "+".join(names) + ".bias"))
        return y

    def save(self, path):
        graph = helper.make_graph(self.nodes, path.stem, self.inputs, self.outputs, list(self.constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.save(model, path)


class Family:
    """What T5 and BART have in common: attention in heads, and blocks of it."""

    def __init__(self, folder):
        self.config = json.loads((Path(folder) / "config.json").read_text())
        self.weights = {name.removeprefix("model."): value.astype(numpy.float32)
                        for name, value in load_file(Path(folder) / "model.safetensors").items()}

    def split(self, g, x, rows=0, order=(0, 2, 1, 3)):
        """Heads of `x`; `rows` names the number of rows to spread it over, if not its own."""
        shape = g.ints(0, 0, self.heads, self.head)
        if rows:
            shape = g.op("Concat", rows, g.ints(-1, self.heads, self.head), axis=0)
        return g.op("Transpose", g.op("Reshape", x, shape), perm=order)

    def attend(self, g, query, keys, values, bias, like):
        """`keys` are turned already; the output has the rows and columns of `like`."""
        scores = g.op("MatMul", query, keys)
        if bias:
            scores = g.op("Add", scores, bias)
        mixed = g.op("MatMul", g.op("Softmax", scores, axis=-1), values)
        mixed = g.op("Transpose", mixed, perm=[0, 2, 1, 3])
        rows = g.op("Slice", g.op("Shape", like), g.ints(0), g.ints(2))
        return g.op("Reshape", mixed, g.op("Concat", rows, g.ints(self.heads * self.head), axis=0))

    def whole(self, g, x, bias, layer):
        """Attention of the encoder."""
        q, k, v = g.op("Split", self.qkv(g, x, layer), axis=-1, outputs=3, num_outputs=3)
        keys = self.split(g, k, order=(0, 2, 3, 1))
        return self.attend(g, self.split(g, q), keys, self.split(g, v), bias, x)

    def step(self, g, x, bias, layer, past):
        """The decoder's attention to what it has written, and its keys and values for the next step."""
        q, k, v = g.op("Split", self.qkv(g, x, layer), axis=-1, outputs=3, num_outputs=3)
        keys, values = (g.op("Concat", old, self.split(g, new), axis=2) for old, new in zip(past, (k, v)))
        turned = g.op("Transpose", keys, perm=[0, 1, 3, 2])
        return self.attend(g, self.split(g, q), turned, values, bias, x), keys, values

    def cross(self, g, x, query, source):
        """Attention to the source, shared by the beams of an input."""
        inputs = g.op("Slice", g.op("Shape", source[0]), g.ints(0), g.ints(1))
        q = self.split(g, query, rows=inputs)
        return self.attend(g, q, *source, None, x)

    def encoder(self):
        g = Graph(self.weights)
        hidden = self.encode(g, g.take_in("ids", TensorProto.INT64, ["inputs", "length"]))
        for layer in range(self.layers):
            keys, values = self.source(g, hidden, layer)
            g.give_out(self.split(g, keys, order=(0, 2, 3, 1)), f"source_k{layer}",
                       ["inputs", self.heads, self.head, "length"])
            g.give_out(self.split(g, values), f"source_v{layer}", ["inputs", self.heads, "length", self.head])
        return g

    def decoder(self, beams):
        g = Graph(self.weights)
        ids = g.take_in("ids", TensorProto.INT64, ["rows", 1])
        rows = beams and g.take_in("from", TensorProto.INT64, ["rows"])
        pasts, sources = [], []
        for layer in range(self.layers):
            past = [g.take_in(f"past_{kind}{layer}", TensorProto.FLOAT, ["before", self.heads, "past", self.head])
                    for kind in "kv"]
            pasts.append([g.op("Gather", each, rows, axis=0) for each in past] if beams else past)
            sources.append([
                g.take_in(f"source_k{layer}", TensorProto.FLOAT, ["inputs", self.heads, self.head, "length"]),
                g.take_in(f"source_v{layer}", TensorProto.FLOAT, ["inputs", self.heads, "length", self.head])])
        length = g.op("Slice", g.op("Shape", pasts[0][0]), g.ints(2), g.ints(3))
        logits, presents = self.decode(g, ids, length, pasts, sources)
        logits = g.op("Squeeze", logits, g.ints(1))
        if beams:
            best, tokens = g.op("TopK", logits, g.take_in("top", TensorProto.INT64, [1]), outputs=2)
            g.give_out(best, "best", ["rows", "top"])
            g.give_out(tokens, "tokens", ["rows", "top"], TensorProto.INT64)
            g.give_out(g.op("ReduceLogSumExp", logits, g.ints(1)), "sum", ["rows", 1])
        else:
            g.give_out(logits, "logits", ["rows", self.config["vocab_size"]])
        for layer, present in enumerate(presents):
            for kind, value in zip("kv", present):
                g.give_out(value, f"present_{kind}{layer}", ["rows", self.heads, "now", self.head])
        return g
