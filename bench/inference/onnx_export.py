#!/usr/bin/env python3
"""Writes a T5 or BART as ONNX graphs, as fast ones as ONNX Runtime takes.

    onnx_export.py MODEL_DIR OUT_DIR      f32/ and int8/ in OUT_DIR, with encoder.onnx, decoder.onnx and beams.onnx in each

The encoder takes `ids` (inputs × length) and gives the source's keys (inputs × heads × width × length) and values (inputs
× heads × length × width) for each layer of the decoder. The decoder takes the last tokens (rows × 1), those, and its own
keys and values so far (rows × heads × length × width, none at first); it gives `logits` (rows × vocabulary) and the keys
and values with the new token's. Rows are inputs, or beams of inputs, which share the source's. `beams.onnx` also takes
`from` (rows), the row that each row goes on from, and `top`, a number, and gives instead of `logits` the `top` best ones,
`best` (rows × top), their tokens, `tokens`, and the logarithm of the sum of all their exponents, `sum` (rows × 1).

Queries, keys and values are one product. There are no masks: the benchmark's inputs have one length. The weights of int8/ are
quantized for each output and the activations at run time (`quantize_dynamic`). Of T5 only the kind with a ReLU and a tied
head is known.
"""

import json
import math
import sys
from pathlib import Path

import numpy

from onnx_graph import Family

# Longest input and output of T5's tables of position biases.
LONGEST = 2048


class T5(Family):
    def __init__(self, folder):
        super().__init__(folder)
        self.heads, self.head = self.config["num_heads"], self.config["d_kv"]
        self.layers = self.config["num_decoder_layers"]

    def norm(self, g, x, name):
        mean = g.op("ReduceMean", g.op("Pow", x, g.constant(numpy.float32(2))), g.ints(-1))
        size = g.op("Sqrt", g.op("Add", mean, g.constant(numpy.float32(self.config["layer_norm_epsilon"]))))
        return g.op("Mul", g.op("Div", x, size), g.weight(f"{name}.weight"))

    def qkv(self, g, x, layer):
        return g.linear(x, [f"{layer}.0.SelfAttention.{part}" for part in "qkv"])

    def source(self, g, hidden, layer):
        names = [f"decoder.block.{layer}.layer.1.EncDecAttention.{part}" for part in "kv"]
        return g.op("Split", g.linear(hidden, names), axis=-1, outputs=2, num_outputs=2)

    def feed_forward(self, g, x, layer):
        inner = g.linear(self.norm(g, x, f"{layer}.layer_norm"), [f"{layer}.DenseReluDense.wi"])
        return g.op("Add", x, g.linear(g.op("Relu", inner), [f"{layer}.DenseReluDense.wo"]))

    def distances(self, both_ways):
        """The bucket of each distance from a query to a key, from -LONGEST + 1 on (Raffel et al. 2020, as in transformers)."""
        buckets, far = self.config["relative_attention_num_buckets"], self.config["relative_attention_max_distance"]
        distance = numpy.arange(-LONGEST + 1, LONGEST)
        base = numpy.zeros_like(distance)
        if both_ways:
            buckets //= 2
            base, distance = numpy.where(distance > 0, buckets, 0), abs(distance)
        else:
            distance = numpy.maximum(-distance, 0)
        exact = buckets // 2
        ratio = numpy.log(numpy.maximum(distance, 1).astype(numpy.float32) / exact) / numpy.float32(math.log(far / exact))
        large = numpy.minimum(exact + (ratio * (buckets - exact)).astype(numpy.int64), buckets - 1)
        return base + numpy.where(distance < exact, distance, large)

    def bias(self, g, stack, first, last):
        """heads × queries × keys, for queries at `first` to `last` and keys at 0 to `last`."""
        table = self.weights[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        table = g.constant(table[self.distances(stack == "encoder")], f"{stack}.bias")
        zero, one, axis = (g.constant(numpy.int64(n)) for n in (0, 1, 1))
        first, last = (g.op("Squeeze", end, g.ints(0)) for end in (first, last))
        keys, queries = g.op("Range", zero, last, one), g.op("Range", first, last, one)
        distance = g.op("Sub", g.op("Unsqueeze", keys, g.ints(0)), g.op("Unsqueeze", queries, g.ints(1)))
        rows = g.op("Gather", table, g.op("Add", distance, g.ints(LONGEST - 1)), axis=0)
        return g.op("Transpose", rows, perm=[2, 0, 1])

    def encode(self, g, ids):
        x = g.op("Gather", g.weight("shared.weight"), ids)
        length = g.op("Slice", g.op("Shape", ids), g.ints(1), g.ints(2))
        bias = self.bias(g, "encoder", g.ints(0), length)
        for layer in range(self.config["num_layers"]):
            name = f"encoder.block.{layer}.layer"
            mixed = self.whole(g, self.norm(g, x, f"{name}.0.layer_norm"), bias, name)
            x = g.op("Add", x, g.linear(mixed, [f"{name}.0.SelfAttention.o"]))
            x = self.feed_forward(g, x, f"{name}.1")
        return self.norm(g, x, "encoder.final_layer_norm")

    def decode(self, g, ids, length, pasts, sources):
        x = g.op("Gather", g.weight("shared.weight"), ids)
        bias, presents = self.bias(g, "decoder", length, g.op("Add", length, g.ints(1))), []
        for layer in range(self.layers):
            name = f"decoder.block.{layer}.layer"
            mixed, *present = self.step(g, self.norm(g, x, f"{name}.0.layer_norm"), bias, name, pasts[layer])
            presents.append(present)
            x = g.op("Add", x, g.linear(mixed, [f"{name}.0.SelfAttention.o"]))
            query = g.linear(self.norm(g, x, f"{name}.1.layer_norm"), [f"{name}.1.EncDecAttention.q"])
            mixed = self.cross(g, x, query, sources[layer])
            x = g.op("Add", x, g.linear(mixed, [f"{name}.1.EncDecAttention.o"]))
            x = self.feed_forward(g, x, f"{name}.2")
        x = self.norm(g, x, "decoder.final_layer_norm")
        return g.linear(x, ["shared"], [self.config["d_model"] ** -0.5]), presents


class Bart(Family):
    def __init__(self, folder):
        super().__init__(folder)
        self.heads = self.config["decoder_attention_heads"]
        self.head, self.layers = self.config["d_model"] // self.heads, self.config["decoder_layers"]

    def norm(self, g, x, name):
        return g.op("LayerNormalization", x, g.weight(f"{name}.weight"), g.weight(f"{name}.bias"), axis=-1, epsilon=1e-5)

    def qkv(self, g, x, layer):
        names = [f"{layer}.self_attn.{part}_proj" for part in "qkv"]
        return g.linear(x, names, [self.head ** -0.5, 1.0, 1.0])

    def source(self, g, hidden, layer):
        names = [f"decoder.layers.{layer}.encoder_attn.{part}_proj" for part in "kv"]
        return g.op("Split", g.linear(hidden, names), axis=-1, outputs=2, num_outputs=2)

    def feed_forward(self, g, x, layer):
        inner = g.op("Gelu", g.linear(x, [f"{layer}.fc1"]))
        return self.norm(g, g.op("Add", x, g.linear(inner, [f"{layer}.fc2"])), f"{layer}.final_layer_norm")

    def embed(self, g, ids, stack, first, last):
        """Tokens and their positions, `first` to `last`; BART's table of positions has two rows before the first."""
        table = g.constant(self.weights[f"{stack}.embed_positions.weight"][2:], f"{stack}.positions")
        x = g.op("Add", g.op("Gather", g.weight("shared.weight"), ids), g.op("Slice", table, first, last))
        return self.norm(g, x, f"{stack}.layernorm_embedding")

    def encode(self, g, ids):
        x = self.embed(g, ids, "encoder", g.ints(0), g.op("Slice", g.op("Shape", ids), g.ints(1), g.ints(2)))
        for layer in range(self.config["encoder_layers"]):
            name = f"encoder.layers.{layer}"
            mixed = g.linear(self.whole(g, x, None, name), [f"{name}.self_attn.out_proj"])
            x = self.norm(g, g.op("Add", x, mixed), f"{name}.self_attn_layer_norm")
            x = self.feed_forward(g, x, name)
        return x

    def decode(self, g, ids, length, pasts, sources):
        x, presents = self.embed(g, ids, "decoder", length, g.op("Add", length, g.ints(1))), []
        for layer in range(self.layers):
            name = f"decoder.layers.{layer}"
            mixed, *present = self.step(g, x, None, name, pasts[layer])
            presents.append(present)
            mixed = g.linear(mixed, [f"{name}.self_attn.out_proj"])
            x = self.norm(g, g.op("Add", x, mixed), f"{name}.self_attn_layer_norm")
            query = g.linear(x, [f"{name}.encoder_attn.q_proj"], [self.head ** -0.5])
            mixed = g.linear(self.cross(g, x, query, sources[layer]), [f"{name}.encoder_attn.out_proj"])
            x = self.norm(g, g.op("Add", x, mixed), f"{name}.encoder_attn_layer_norm")
            x = self.feed_forward(g, x, name)
        logits = g.linear(x, ["shared"])
        return g.op("Add", logits, g.constant(self.weights["final_logits_bias"][0], "final_logits_bias")), presents


def main(folder, out):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kind = json.loads((Path(folder) / "config.json").read_text())["model_type"]
    family = {"t5": T5, "bart": Bart}[kind](folder)
    for name in ("f32", "int8"):
        (Path(out) / name).mkdir(parents=True, exist_ok=True)
    graphs = {"encoder": family.encoder(), "decoder": family.decoder(beams=False), "beams": family.decoder(beams=True)}
    for name, graph in graphs.items():
        exact = Path(out) / "f32" / f"{name}.onnx"
        graph.save(exact)
        quantize_dynamic(exact, Path(out) / "int8" / f"{name}.onnx", per_channel=True, weight_type=QuantType.QInt8,
                         op_types_to_quantize=["MatMul"], extra_options={"MatMulConstBOnly": True})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
