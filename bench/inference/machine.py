#!/usr/bin/env python3
"""What this machine can do at best, for the floor: `machine.py THREADS BYTES…` prints one line of JSON.

`f32` and `int8` are operations per second in products of large matrices, the faster of torch's and ONNX Runtime's;
`read` has for each number of bytes how many a second are read when a vector of that size is summed again and again, so
that what stays in the cache counts as such. Each is the best of many tries.
"""

import json
import sys
import time

import numpy
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

SIDE = 1536


def best(act, times=9):
    """Seconds of the fastest of several calls."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return min(taken)


def onnx_product(kind, left, right, threads):
    """A product of matrices in ONNX Runtime, as a call."""
    types = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}
    result = TensorProto.INT32 if kind == "MatMulInteger" else TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(kind, ["left", "right"], ["product"])], "product",
        [helper.make_tensor_value_info("left", types[str(left.dtype)], left.shape)],
        [helper.make_tensor_value_info("product", result, [SIDE, SIDE])], [numpy_helper.from_array(right, "right")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"left": left})


def int8_product():
    """The same in torch, which quantizes the left side too."""
    layer = torch.nn.Sequential(torch.nn.Linear(SIDE, SIDE, bias=False))
    layer = torch.ao.quantization.quantize_dynamic(layer, {torch.nn.Linear}, dtype=torch.qint8)
    rows = torch.rand(SIDE, SIDE)
    return lambda: layer(rows)


def read_rate(size):
    numbers = torch.ones(max(size // 4, 1))
    return size / best(numbers.sum, times=60)


def main(threads, sizes):
    torch.set_num_threads(threads)
    rng, matrix = numpy.random.default_rng(0), torch.rand(SIDE, SIDE)
    left = rng.integers(0, 255, (SIDE, SIDE), dtype=numpy.uint8)
    right = rng.integers(-127, 127, (SIDE, SIDE), dtype=numpy.int8)
    exact = matrix.numpy()
    with torch.inference_mode():
        f32 = min(best(lambda: matrix @ matrix), best(onnx_product("MatMul", exact, exact, threads)))
        int8 = min(best(int8_product()), best(onnx_product("MatMulInteger", left, right, threads)))
        read = {size: read_rate(size) for size in sizes}
    operations = 2 * SIDE**3
    print(json.dumps({"f32": operations / f32, "int8": operations / int8, "read": read}))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(int(sys.argv[1]), [int(size) for size in sys.argv[2:]])
