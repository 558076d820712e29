#!/usr/bin/env python3
"""Compares Nutgraf's extraction with others on a folder of pages: quality and speed in one table.

usage: compare.py FOLDER [ROUNDS] [TOOL ...]

FOLDER is as run.sh takes it. Build first: `cargo build --release -p scraper-svc --example extract`, and `cargo build
--release` in peers/; Python's tools are taken from the Python that runs this. A tool that is not there is left out.

Titles, authors and days count the pages on which they are right, as in score_metadata.py, where the truth has them and
the tool gives them.

Speed is a page's time as a multiple of html5ever's bare parse of it, both medians over ROUNDS (default 5) on one
thread: the median over all pages, and the middle half of them.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import quantiles

import score
import score_metadata

HERE = Path(__file__).resolve().parent
NUTGRAF = HERE / "../../target/release/examples/extract"
PEERS = HERE / "peers/target/release/extraction-peers"
RUST = ["dom_smoothie", "readex", "rs-trafilatura", "trafilatura"]
# How long one tool may take for all pages, in seconds.
LIMIT = 300
# The fields of a row, and what score_metadata.py calls them.
FIELDS = {"title": "title", "authors": "authors", "published_at": "day"}
PYTHON = ["trafilatura", "trafilatura-fast", "trafilatura-precision", "newspaper4k", "readability-lxml"]


def commands(pages, rounds):
    yield "nutgraf", [NUTGRAF, pages, rounds]
    for tool in RUST:
        yield f"{tool} (Rust)", [PEERS, tool, pages, rounds]
    for tool in PYTHON:
        yield f"{tool} (Python)", [sys.executable, HERE / "peers.py", tool, pages, rounds]


def run(command):
    """The rows that a tool gives; None where it is not there, or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT)
    except (OSError, subprocess.CalledProcessError) as failure:
        print(f"left out: {failure}", file=sys.stderr)
        return None
    except subprocess.TimeoutExpired:
        print(f"left out: {command[0]} took more than {LIMIT} s", file=sys.stderr)
        return None
    return [json.loads(line) for line in done.stdout.splitlines()]


def metadata(truth, rows):
    """How many titles, sets of authors and days are right, of how many: "107 of 125", or "-" for what is not given."""
    cells = []
    for field, check in FIELDS.items():
        asked, right = score_metadata.count(truth, rows, check)
        cells.append(f"{right} of {asked}" if asked and any(field in row for row in rows.values()) else "-")
    return " | ".join(cells)


def quality(truth, texts):
    pairs = []
    for page in truth:
        readings = [page[name] for name in ("body", "body_without_standfirst") if page.get(name)]
        compared = [score.compare(reading, texts.get(page["id"], "")) for reading in readings]
        pairs.append(max(compared, key=lambda pair: score.harmonic(*pair), default=(None, None)))
    precision, recall = (score.average(pair[side] for pair in pairs) for side in (0, 1))
    lost = sum(score.harmonic(*pair) < score.LOST for pair in pairs)
    return precision, recall, score.harmonic(precision, recall), lost


def main(folder, rounds="5", *wanted):
    truth = score.rows(Path(folder) / "truth.jsonl")
    rounds = str(max(2, int(rounds)))
    parse = {}
    print("| extractor | precision | recall | F1 | lost | title | authors | day | × bare parse | middle half |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, command in commands(str(Path(folder) / "pages"), rounds):
        rows = run(command) if not wanted or name.split(" ")[0] in wanted else None
        if not rows:
            continue
        own = {row["id"]: row["parse_ms"] for row in rows if "parse_ms" in row}
        parse = parse or own
        # A tool's times are measured beside a parse of its own where it is in the same program.
        ratios = [row["ms"] / (own or parse)[row["id"]] for row in rows if row["id"] in (own or parse)]
        low, middle, high = quantiles(ratios, n=4)
        precision, recall, f1, lost = quality(truth, {row["id"]: row["text"] or "" for row in rows})
        found = metadata(truth, {row["id"]: row for row in rows})
        print(
            f"| {name} | {precision:.4f} | {recall:.4f} | {f1:.4f} | {lost} | {found} | {middle:.1f} |"
            f" {low:.1f} to {high:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
