#!/usr/bin/env python3
"""How many articles a machine summarizes, with many requests at once.

usage: throughput.py [--threads N] [--requests N] [--in-flight N] [--sides NAME,…] [--price EUROS] MODEL_DIR

Every request has an article of 200 to 1,000 tokens and an output of 40 to 140, drawn in advance from a fixed seed, and is
decoded greedily. As many requests as --in-flight says are always waiting or at work: the next comes when one is done.
Given are requests per second, the median and the 99th percentile of the time from coming to being done, and what 1,000
articles cost on a machine of four cores at --price an hour, if four cores do as much as --threads of them times their
number.

A side with choices (threads for each request, requests in a batch) is run with each, and its best is in bold; "at once"
gives CTranslate2 all requests together for its own sorting and batching, as no service can.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

from compare import HERE, PEERS, convert, pinned

LENGTHS, OUTPUTS = (200, 1000), (40, 140)


def choices(side, folder, threads):
    """Command lines for a side, by the name of the choice."""
    converted = Path(folder) / "converted"
    script = [sys.executable, HERE / "throughput_side.py"]
    match side.split(" "):
        case ["nutgraf", precision]:
            counts = (1, 8, 16, 32) if precision == "int8" else sorted({1, threads})
            return {f"{workers} workers": [PEERS, "throughput", folder, precision, workers] for workers in counts}
        case ["ctranslate2", precision]:
            model = converted / f"ctranslate2-{precision}"
            spread = [(workers, threads // workers) for workers in sorted({1, threads})]
            return {f"{workers} × {own} threads, batches of {batch or f'{at_once}, at once'}":
                    [*script, "ctranslate2", model, workers, own, batch or at_once, "at-once" if at_once else "as-they-come"]
                    for workers, own in spread
                    for batch, at_once in ((1, 0), (4, 0), (8, 0), (16, 0), (0, 16))}
        case ["onnxruntime", precision]:
            return {f"{threads} workers": [*script, "onnxruntime", converted / "onnx" / precision, folder, threads]}
        case _:
            return {}


def requests(count, vocab):
    rng = random.Random(20261128)
    lengths = [(rng.randint(*LENGTHS), rng.randint(*OUTPUTS)) for _ in range(count)]
    return [{"ids": [rng.randrange(3, vocab) for _ in range(length)], "new": new} for length, new in lengths]


def run(line, threads, asked):
    """Requests per second, latencies and a request's CPU time in seconds, and memory in MB."""
    arguments, environment = pinned(line, threads)
    # Workers are the side's own threads; what each may start is said in its command line.
    environment |= {"RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(arguments, env=environment, input=json.dumps(asked) + "\n", capture_output=True, text=True)
    if done.returncode:
        raise ChildProcessError(done.stderr[-500:])
    answer = json.loads(done.stdout)
    wanted = [request["new"] for request in asked["requests"]]
    if answer["tokens"] != wanted:
        raise ChildProcessError(f"{answer['tokens']} tokens instead of {wanted}")
    return (len(wanted) / answer["seconds"], answer["latencies"], answer["cpu_s"] / len(wanted),
            answer["peak_kb"] * 1024 / 1e6)


def row(name, choice, result, price, threads):
    rate, latencies, cpu, peak = result
    last = quantiles(latencies, n=100, method="inclusive")[98]
    euros = 1000 * price / (3600 * rate * 4 / threads)
    print(f"| {name} | {choice} | {rate:.2f} | {median(latencies):.1f} s | {last:.1f} s | {cpu:.2f} s | {peak:.0f} MB | {euros:.4f} |",
          flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--requests", type=int, default=96)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--sides", type=lambda text: text.split(","),
                        default=["nutgraf int8", "nutgraf f32", "ctranslate2 int8", "onnxruntime int8"])
    parser.add_argument("--price", type=float, default=0.10, help="of a machine of four cores, an hour")
    parser.add_argument("model")
    arguments = parser.parse_args()
    convert(arguments.model, arguments.sides)
    vocab = json.loads((Path(arguments.model) / "config.json").read_text())["vocab_size"]
    asked = {"requests": requests(arguments.requests, vocab), "in_flight": arguments.in_flight}
    print(f"\n{Path(arguments.model).name}, {arguments.requests} requests, {arguments.in_flight} in flight, "
          f"{arguments.threads} cores, {arguments.price:.2f} an hour for four")
    print("\n| side | choice | requests/s | median | 99 % | CPU each | memory | 1,000 articles |\n" + "|---" * 8 + "|")
    for side in arguments.sides:
        results = {}
        for choice, line in choices(side, arguments.model, arguments.threads).items():
            try:
                results[choice] = run(line, arguments.threads, asked)
            except (OSError, ChildProcessError) as failure:
                print(f"left out: {side}, {choice}: {failure}", file=sys.stderr)
        best = max(results, key=lambda choice: results[choice][0], default=None)
        for choice, result in results.items():
            row(f"**{side}**" if choice == best else side, choice, result, arguments.price, arguments.threads)


if __name__ == "__main__":
    main()
