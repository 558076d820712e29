#!/usr/bin/env python3
"""Writes a T5 or BART as ONNX graphs in the way that most people do it, with Hugging Face's Optimum.

    optimum_export.py MODEL_DIR OUT_DIR      f32/ and int8/ in OUT_DIR, for ORTModelForSeq2SeqLM

8-bit integers as its documentation advises for processors with AVX-512 VNNI: weights per channel, inputs as they come.
"""

import shutil
import sys
from pathlib import Path

from optimum.onnxruntime import ORTModelForSeq2SeqLM, ORTQuantizer
from optimum.onnxruntime.configuration import AutoQuantizationConfig


def export(folder, out):
    exact, quantized = Path(out) / "f32", Path(out) / "int8"
    ORTModelForSeq2SeqLM.from_pretrained(folder, export=True).save_pretrained(exact)
    config = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=True)
    for graph in sorted(exact.glob("*.onnx")):
        quantizer = ORTQuantizer.from_pretrained(exact, file_name=graph.name)
        quantizer.quantize(save_dir=quantized, quantization_config=config, file_suffix="")
    shutil.copy(exact / "generation_config.json", quantized)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    export(*sys.argv[1:])
