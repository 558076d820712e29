#!/usr/bin/env python3
"""One side of throughput.py in Python.

    throughput_side.py ctranslate2 MODEL_DIR WORKERS THREADS BATCH as-they-come|at-once
    throughput_side.py onnxruntime ONNX_DIR MODEL_DIR WORKERS

Takes a line `{"requests": [{"ids": […], "new": N}], "in_flight": N}` and answers `{"seconds", "cpu_s",
"latencies", "tokens", "peak_kb"}`: seconds for all, by the clock and of CPU time, and for each request, and how many tokens each got.
"""

import json
import queue
import sys
import threading
import time

from peers import peak_kb, say


class Waiting:
    """Requests that have come and are not at work yet, in their order."""

    def __init__(self):
        self.requests, self.changed, self.closed = [], threading.Condition(), False

    def add(self, at):
        with self.changed:
            self.requests.append(at)
            self.changed.notify()

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def take(self, count, size):
        """The oldest request and those nearest to it in `size`, `count` at most; none when there will be no more."""
        with self.changed:
            self.changed.wait_for(lambda: self.requests or self.closed)
            if not self.requests:
                return []
            oldest = size(self.requests[0])
            taken = sorted(self.requests, key=lambda at: abs(size(at) - oldest))[:count]
            self.requests = [at for at in self.requests if at not in taken]
            return taken


def drive(asked, workers, batch, work):
    """Keeps `in_flight` requests waiting or at work; `work(requests, done)` calls `done(place, tokens)` for each."""
    requests, in_flight = asked["requests"], asked["in_flight"]
    waiting, finished = Waiting(), queue.Queue()

    def loop():
        while taken := waiting.take(batch, lambda at: len(requests[at]["ids"])):
            work([requests[at] for at in taken], lambda place, tokens: finished.put((taken[place], tokens)))

    threads = [threading.Thread(target=loop) for _ in range(workers)]
    for thread in threads:
        thread.start()
    began, cpu = time.perf_counter(), time.process_time()
    came, latencies, counts = [began] * in_flight, [0.0] * len(requests), [0] * len(requests)
    for at in range(min(in_flight, len(requests))):
        waiting.add(at)
    for _ in requests:
        at, counts[at] = finished.get()
        now = time.perf_counter()
        latencies[at] = now - came[at]
        if len(came) < len(requests):
            came.append(now)
            waiting.add(len(came) - 1)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    waiting.close()
    for thread in threads:
        thread.join()
    say(seconds=seconds, cpu_s=cpu, latencies=latencies, tokens=counts, peak_kb=peak_kb())


def ctranslate2_side(folder, workers, threads, batch, at_once):
    import ctranslate2

    model = ctranslate2.Translator(folder, device="cpu", intra_threads=threads, inter_threads=workers)

    def work(requests, done):
        # The end is forbidden, so that what a callback says ends each output; the rest of its batch goes on.
        def written(step):
            is_last = step.step + 1 >= requests[step.batch_id]["new"]
            if is_last:
                done(step.batch_id, step.step + 1)
            return is_last

        longest = max(request["new"] for request in requests)
        model.translate_batch([[str(token) for token in request["ids"]] for request in requests], beam_size=1,
                              max_decoding_length=longest + 1, min_decoding_length=longest + 1, max_input_length=0,
                              max_batch_size=batch if at_once else 0, callback=written)

    return work


def onnxruntime_side(graphs, folder):
    from onnx_side import Generator

    generator = Generator(graphs, folder, 1)

    def work(requests, done):
        (request,) = requests
        done(0, len(generator.greedy([request["ids"]], request["new"])[0]))

    return work


def main(arguments):
    match arguments:
        case ["ctranslate2", folder, workers, threads, batch, mode]:
            workers, batch = int(workers), int(batch)
            work = ctranslate2_side(folder, workers, int(threads), batch, mode == "at-once")
        case ["onnxruntime", graphs, folder, workers]:
            work, workers, batch, mode = onnxruntime_side(graphs, folder), int(workers), 1, "as-they-come"
        case _:
            sys.exit(__doc__)
    asked = json.loads(sys.stdin.readline())
    work(asked["requests"][:1], lambda *_: None)
    if mode == "at-once":
        # One call takes them all.
        workers, batch, asked["in_flight"] = 1, len(asked["requests"]), len(asked["requests"])
    drive(asked, workers, batch, work)


if __name__ == "__main__":
    main(sys.argv[1:])
