#!/usr/bin/env python3
"""Compares Nutgraf's inference with others on one model: speed, memory and time to load, in tables.

usage: compare.py [--rounds N] [--threads 1,2] [--tasks NAME,…] [--sides NAME,…] MODEL_DIR

MODEL_DIR is what inference/tests/reference/families.py makes. Build first: `cargo build --release` in peers/. Python's
sides run in the Python that runs this, which needs torch, transformers and ctranslate2; a side that is not there, or
can't do a task, is left out.

Each side is a process of its own for each task, kept on the same cores. They take turns, round by round, and those
that wait are stopped. A cell is the median of the rounds with its quartiles, and its multiple of the first side's: over 1
is slower than that.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

import floor

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers/target/release/inference-bench"
# Tokens of every input.
SOURCE = 512
# Name: inputs, new tokens, beams. The first token costs the encoder and one step of the decoder.
TASKS = {
    "first token": (1, 1, 1),
    "greedy 64": (1, 64, 1),
    "greedy 128": (1, 128, 1),
    "beam 4 × 64": (1, 64, 4),
    "batch 8 × 64": (8, 64, 1),
    "batch 16 × 64": (16, 64, 1),
}
SIDES = ["nutgraf", "transformers", "ctranslate2 f32", "ctranslate2 int8", "candle-transformers"]


def python(*arguments):
    return [sys.executable, HERE / "peers.py", *arguments]


def command(side, folder, converted, threads):
    match side.split(" "):
        case ["nutgraf"]:
            return [PEERS, "ours", folder]
        case ["candle-transformers"]:
            return [PEERS, "candle", folder]
        case ["transformers"]:
            return python("transformers", folder, threads)
        case ["ctranslate2", quantization]:
            return python("ctranslate2", f"{converted}/{quantization}", threads)


def pinned(arguments, threads):
    """A command line on the first cores, and its environment."""
    cores = ["taskset", "-c", f"0-{threads - 1}"]
    counts = dict.fromkeys(("RAYON_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
    return [str(part) for part in [*cores, *arguments]], os.environ | counts


class Process:
    """A side at work; stopped but while it is asked something."""

    def __init__(self, arguments, threads):
        line, environment = pinned(arguments, threads)
        self.process = subprocess.Popen(line, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.load = self.answer()["load_s"]
        self.times = []
        self.process.send_signal(signal.SIGSTOP)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError("no answer")
        return json.loads(line)

    def run(self, job):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        if answer["tokens"] != [job["new"]] * len(job["ids"]):
            raise ChildProcessError(f"{answer['tokens']} tokens instead of {job['new']}")
        self.process.send_signal(signal.SIGSTOP)
        return answer["seconds"]

    def end(self):
        """The most memory that it held, in MB."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        peak = self.answer()["peak_kb"] * 1024 / 1e6
        self.process.wait()
        return peak


def job(task, vocab):
    rows, new, beams = TASKS[task]
    ids = [[3 + (7919 * at + 104729 * row) % (vocab - 3) for at in range(SOURCE)] for row in range(rows)]
    return {"ids": ids, "new": new, "beams": beams}


def start(side, arguments, threads, asked):
    """Warmed up by one run."""
    try:
        process = Process(arguments, threads)
        process.run(asked)
        return process
    except (OSError, ChildProcessError) as failure:
        print(f"left out: {side}: {failure}", file=sys.stderr)
        return None


def measure(task, arguments, converted, threads, vocab):
    """For each side: times, time to load, memory."""
    asked = job(task, vocab)
    sides = {}
    for side in arguments.sides:
        process = start(side, command(side, arguments.model, converted, threads), threads, asked)
        if process:
            sides[side] = process
    for _ in range(arguments.rounds):
        for process in sides.values():
            process.times.append(process.run(asked))
    return {side: (process.times, process.load, process.end()) for side, process in sides.items()}


def time_cell(times, base):
    low, _, high = quantiles(times, n=4)
    return f"{1e3 * median(times):.0f} ms ({1e3 * low:.0f} to {1e3 * high:.0f}), × {median(times) / base:.2f}"


def row(name, cells, sides, *more):
    print(f"| {' | '.join([name, *(cells.get(side, '-') for side in sides), *more])} |", flush=True)


def head(first, sides, *more):
    print()
    row(first, {side: side for side in sides}, sides, *more)
    print("|---" * (len(sides) + len(more) + 1) + "|")


def tables(arguments, converted, threads):
    vocab = json.loads((Path(arguments.model) / "config.json").read_text())["vocab_size"]
    line, environment = pinned(python("machine", threads), threads)
    machine = json.loads(subprocess.run(line, env=environment, capture_output=True, check=True).stdout)
    print(f"\n{threads} threads: {machine['bytes_per_s'] / 1e9:.1f} GB/s, {machine['flop_per_s'] / 1e9:.0f} GFLOP/s in f32")
    sides, results = arguments.sides, {}
    head("task", sides, "floor in f32")
    for task in arguments.tasks:
        results[task] = measured = measure(task, arguments, converted, threads, vocab)
        base = median(measured[sides[0]][0])
        least = floor.seconds(arguments.model, *TASKS[task], SOURCE, machine)
        row(task, {side: time_cell(times, base) for side, (times, _, _) in measured.items()}, sides, f"{1e3 * least:.0f} ms")
    head("memory", sides)
    for task, measured in results.items():
        row(task, {side: f"{peak:.0f} MB" for side, (_, _, peak) in measured.items()}, sides)
    loads = {side: [each[side][1] for each in results.values() if side in each] for side in sides}
    row("time to load", {side: f"{1e3 * median(times):.0f} ms" for side, times in loads.items() if times}, sides)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    names = lambda text: text.split(",")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=lambda text: [int(count) for count in text.split(",")], default=[1, 2])
    parser.add_argument("--tasks", type=names, default=list(TASKS))
    parser.add_argument("--sides", type=names, default=SIDES)
    parser.add_argument("model")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as converted:
        for side in arguments.sides:
            if side.startswith("ctranslate2 "):
                quantization = side.split(" ")[1]
                name = {"f32": "float32"}.get(quantization, quantization)
                subprocess.run(python("convert", arguments.model, f"{converted}/{quantization}", name),
                               capture_output=True, check=False)
        for threads in arguments.threads:
            tables(arguments, converted, threads)


if __name__ == "__main__":
    main()
