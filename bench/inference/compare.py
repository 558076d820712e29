#!/usr/bin/env python3
"""Compares Nutgraf's inference with others on one model: speed, memory and time to load, in tables.

usage: compare.py [--rounds N] [--threads 1,2] [--tasks NAME,…] [--sides NAME,…] [--warm N] [--clock wall|cpu] MODEL_DIR

MODEL_DIR is what inference/tests/reference/families.py makes; what other sides need of it is put in MODEL_DIR/converted,
once. run.sh prepares all of it. A side that is not there, can't do a task or does other work is left out.

Each side is a process of its own for each task, kept on the same cores. They take turns, round by round, and those
that wait are stopped. A cell is the median of the rounds with its quartiles, and its multiple of the first side's: over 1
is slower than that. With `--clock cpu` times are those that a side's threads were running, waits for others' load left out:
on one thread what it would take if nothing else ran.
"""

import argparse
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

from floor import Floor

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers/target/release/inference-bench"
# Name: inputs, new tokens, beams, tokens of every input. The first token costs the encoder and one step of the decoder.
TASKS = {
    "first token": (1, 1, 1, 512),
    "greedy 64": (1, 64, 1, 512),
    "greedy 128": (1, 128, 1, 512),
    "beam 4 × 64": (1, 64, 4, 512),
    "batch 8 × 64": (8, 64, 1, 512),
    "batch 16 × 64": (16, 64, 1, 512),
    "1024 to 64": (1, 64, 1, 1024),
}
SIDES = ["nutgraf int8", "nutgraf f32", "transformers f32", "transformers bf16", "transformers int8", "ctranslate2 f32", "ctranslate2 int8",
         "onnxruntime f32", "onnxruntime int8", "optimum f32", "optimum int8", "rten f32", "rten int8", "candle-transformers"]
# Greedy tokens that a side in f32 must share with transformers in f32.
SAME = 8


def python(*arguments):
    return [sys.executable, HERE / "peers.py", *arguments]


def command(side, folder, threads):
    converted = Path(folder) / "converted"
    match side.split(" "):
        case ["nutgraf", precision]:
            return [PEERS, "ours", folder, precision]
        case ["candle-transformers"]:
            return [PEERS, "candle", folder]
        case ["transformers", precision]:
            return python("transformers", folder, threads, precision)
        case ["ctranslate2", precision]:
            return python("ctranslate2", converted / f"ctranslate2-{precision}", threads)
        case ["onnxruntime", precision]:
            return python("onnxruntime", converted / "onnx" / precision, threads, folder)
        case ["optimum", precision]:
            return python("optimum", converted / "optimum" / precision, threads)
        case ["rten", precision]:
            return [PEERS, "rten", folder, converted / "onnx" / precision]


def exact(side):
    return side.split(" ")[-1] not in ("bf16", "int8")


def convert(folder, sides):
    """What sides need beside MODEL_DIR, if it is not there yet."""
    converted = Path(folder) / "converted"
    made = {f"ctranslate2-{name}": python("convert", folder, converted / f"ctranslate2-{name}", kind)
            for name, kind in (("f32", "float32"), ("int8", "int8")) if f"ctranslate2 {name}" in sides}
    if any(side.startswith(("onnxruntime", "rten")) for side in sides):
        made["onnx"] = [sys.executable, HERE / "onnx_export.py", folder, converted / "onnx"]
    if any(side.startswith("optimum") for side in sides):
        made["optimum"] = [sys.executable, HERE / "optimum_export.py", folder, converted / "optimum"]
    for name, line in made.items():
        if not (converted / name).exists():
            print(f"converting {folder}: {name}", file=sys.stderr)
            done = subprocess.run([str(part) for part in line], capture_output=True, text=True)
            if done.returncode:
                shutil.rmtree(converted / name, ignore_errors=True)
                print(f"failed: {done.stderr[-500:]}", file=sys.stderr)


def pinned(arguments, threads):
    """A command line on the first cores, and its environment."""
    cores = ["taskset", "-c", f"0-{threads - 1}"]
    counts = dict.fromkeys(("RAYON_NUM_THREADS", "RTEN_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
    return [str(part) for part in [*cores, *arguments]], os.environ | counts


class Process:
    """A side at work; stopped but while it is asked something."""

    def __init__(self, arguments, threads):
        line, environment = pinned(arguments, threads)
        self.process = subprocess.Popen(line, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        # A stopped one would not see that its input has ended.
        atexit.register(self.process.kill)
        self.load = self.answer()["load_s"]
        self.times = []
        self.process.send_signal(signal.SIGSTOP)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError("no answer")
        return json.loads(line)

    def cpu(self):
        """Seconds that its threads have run."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def run(self, job, clock="wall"):
        """Seconds, and the new tokens."""
        before = self.cpu()
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        counts = [len(row) for row in answer["tokens"]]
        if counts != [job["new"]] * len(job["ids"]):
            raise ChildProcessError(f"{counts} tokens instead of {job['new']}")
        self.process.send_signal(signal.SIGSTOP)
        return self.cpu() - before if clock == "cpu" else answer["seconds"], answer["tokens"]

    def end(self):
        """The most memory that it held, in MB."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        peak = self.answer()["peak_kb"] * 1024 / 1e6
        self.process.wait()
        return peak


def job(task, vocab):
    rows, new, beams, length = TASKS[task]
    ids = [[3 + (7919 * at + 104729 * row) % (vocab - 3) for at in range(length)] for row in range(rows)]
    return {"ids": ids, "new": new, "beams": beams}


def reference(folder, threads, asked):
    """The first greedy tokens of transformers in f32, for the first input."""
    process = Process(command("transformers f32", folder, threads), threads)
    _, tokens = process.run(asked | {"ids": asked["ids"][:1], "new": min(SAME, asked["new"])})
    process.end()
    return tokens[0]


def start(side, arguments, threads, asked, expected):
    """Warmed up by one run, which tells whether it does the same work."""
    try:
        process = Process(command(side, arguments.model, threads), threads)
        _, tokens = process.run(asked)
        if expected and exact(side) and tokens[0][:len(expected)] != expected:
            process.end()
            raise ChildProcessError(f"{tokens[0][:len(expected)]} instead of {expected}")
        return process
    except (OSError, ChildProcessError) as failure:
        print(f"left out: {side}: {failure}", file=sys.stderr)
        return None


def measure(task, arguments, threads, vocab):
    """For each side: times, time to load, memory."""
    asked = job(task, vocab)
    expected = reference(arguments.model, threads, asked) if asked["beams"] == 1 else None
    sides = {}
    for side in arguments.sides:
        process = start(side, arguments, threads, asked, expected)
        if process:
            sides[side] = process
    for _ in range(arguments.rounds):
        for process in sides.values():
            for _ in range(arguments.warm):
                process.run(asked)
            process.times.append(process.run(asked, arguments.clock)[0])
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


def machine(floors, threads):
    """The rates of machine.py, for what these tasks read."""
    sizes = {floor.step_bytes(width) for floor in floors for width in (1, 4)}
    line, environment = pinned([sys.executable, HERE / "machine.py", threads, *sorted(sizes)], threads)
    return json.loads(subprocess.run(line, env=environment, capture_output=True, check=True).stdout)


def tables(arguments, threads):
    vocab = json.loads((Path(arguments.model) / "config.json").read_text())["vocab_size"]
    floors = {task: Floor(arguments.model, *TASKS[task]) for task in arguments.tasks}
    rates = machine(floors.values(), threads)
    reads = sorted(rates["read"].items(), key=lambda read: int(read[0]))
    print(f"\n{Path(arguments.model).name}, {threads} threads: {rates['f32'] / 1e9:.0f} GFLOP/s in f32, "
          f"{rates['int8'] / 1e9:.0f} Gop/s in int8; "
          + ", ".join(f"{rate / 1e9:.1f} GB/s from {int(size) / 1e6:.0f} MB" for size, rate in (reads[0], reads[-1])))
    sides, results = arguments.sides, {}
    head("task", sides, "floor in f32", "floor in int8")
    for task, floor in floors.items():
        results[task] = measured = measure(task, arguments, threads, vocab)
        base = median(next(iter(measured.values()))[0])
        least = [f"{1e3 * floor.seconds(rates, *kind):.0f} ms" for kind in (("f32", 4), ("int8", 1))]
        row(task, {side: time_cell(times, base) for side, (times, _, _) in measured.items()}, sides, *least)
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
    parser.add_argument("--warm", type=int, default=0, help="runs of a turn that aren't timed")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("model")
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("quartiles take two rounds")
    for kind, wanted, known in (("task", arguments.tasks, TASKS), ("side", arguments.sides, SIDES)):
        if unknown := set(wanted).difference(known):
            parser.error(f"no {kind} {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    convert(arguments.model, arguments.sides)
    for threads in arguments.threads:
        tables(arguments, threads)


if __name__ == "__main__":
    main()
