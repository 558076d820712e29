"""The least time that a task can take on a machine, in 32-bit floats: what no program can be faster than.

The encoder is bound by arithmetic, a step of the decoder by reading its weights once for all rows, and the keys and
values of the source. Attention's own arithmetic and the caches of the new tokens are left out, so it is a bit low.
"""

import json
from pathlib import Path


def shapes(folder):
    """The names and shapes of the weights, from the head of `model.safetensors`."""
    with open(Path(folder) / "model.safetensors", "rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return {name.removeprefix("model."): tensor["shape"] for name, tensor in head.items() if name != "__metadata__"}


def matrices(folder, stack):
    """Parameters of a stack's linear layers: those that every token goes through, and those of the source's keys and values."""
    own, source = 0, 0
    for name, shape in shapes(folder).items():
        if not name.startswith(stack) or len(shape) != 2 or "embed" in name or "relative" in name:
            continue
        cross = "EncDecAttention" in name or "encoder_attn" in name
        if cross and name.split(".")[-2] in ("k", "v", "k_proj", "v_proj"):
            source += shape[0] * shape[1]
        else:
            own += shape[0] * shape[1]
    return own, source


def seconds(folder, rows, new, beams, length, machine):
    config = json.loads((Path(folder) / "config.json").read_text())
    width = config["d_model"]
    encoder, _ = matrices(folder, "encoder.")
    decoder, source = matrices(folder, "decoder.")
    decoder += width * config["vocab_size"]
    # `source` is width × inner for the keys and the values of each layer.
    cached = rows * length * source // width
    encoding = 2 * rows * length * (encoder + source) / machine["flop_per_s"]
    reading = 4 * (decoder + cached) / machine["bytes_per_s"]
    multiplying = 2 * rows * beams * decoder / machine["flop_per_s"]
    return encoding + new * max(reading, multiplying)
