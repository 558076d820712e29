"""The least time that a task can take on a machine, in 32-bit floats or 8-bit integers: what no program can beat.

The encoder is bound by arithmetic, a step of the decoder by reading its weights once for all rows, and the keys and
values of the source. Attention's own arithmetic and the caches of the new tokens are left out, so it is a bit low. In 8
bits the keys and values of the source count as 8 bits too, although the peers keep them in 32.
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


class Floor:
    """The least time of a task on a model."""

    def __init__(self, folder, rows, new, beams, length):
        config = json.loads((Path(folder) / "config.json").read_text())
        encoder, _ = matrices(folder, "encoder.")
        decoder, source = matrices(folder, "decoder.")
        decoder += config["d_model"] * config["vocab_size"]
        self.new, self.encoding = new, 2 * rows * length * (encoder + source)
        # `source` is width × inner for the keys and the values of each layer.
        self.numbers = decoder + rows * length * source // config["d_model"]
        self.step = 2 * rows * beams * decoder

    def step_bytes(self, width):
        """What a step reads, where each number has `width` bytes."""
        return width * self.numbers

    def seconds(self, machine, precision, width):
        """With the rates that machine.py found, at "f32" (of 4 bytes) or "int8" (of 1)."""
        reading = self.step_bytes(width) / machine["read"][str(self.step_bytes(width))]
        return self.encoding / machine[precision] + self.new * max(reading, self.step / machine[precision])
