#!/usr/bin/env python3
"""Scores extracted text against the text that people marked: precision, recall and F1 of word 4-grams.

usage: score.py TRUTH.jsonl EXTRACTED.jsonl [WORST]

Truth has {"id", "body"} a line, and may have "body_without_standfirst", the same text read another way; the reading
that scores better counts. Extracted has {"id", "text"} a line. All pages weigh the same. Precision is averaged over
the pages with extracted text, recall over the pages with true text, and F1 is the harmonic mean of the two averages.
A page that is missing scores nothing; one that scores below 0.2 is lost. WORST pages (default 10) are listed.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

# A word is a run of letters and digits; a character of an ideographic or kana script is a word by itself.
IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORDS = re.compile(f"[{IDEOGRAPHS}]|[^\\W{IDEOGRAPHS}]+")
SIZE = 4
LOST = 0.2


def rows(path):
    with Path(path).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def grams(text):
    """How often each run of four words occurs; a shorter text is one run."""
    words = WORDS.findall(text)
    if len(words) <= SIZE:
        return Counter([tuple(words)] if words else [])
    return Counter(zip(*(words[start:] for start in range(SIZE))))


def compare(true, extracted):
    """Precision and recall; None where there is nothing to divide by."""
    true, extracted = grams(true), grams(extracted)
    common = (true & extracted).total()
    ratio = lambda whole: common / whole.total() if whole else None
    return ratio(extracted), ratio(true)


def harmonic(precision, recall):
    if not precision or not recall:
        return 0.0
    return 2 / (1 / precision + 1 / recall)


def average(values):
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0


def main(truth, extracted, worst=10):
    texts = {row["id"]: row.get("text") or "" for row in rows(extracted)}
    scores = []
    for page in rows(truth):
        readings = [page[name] for name in ("body", "body_without_standfirst") if page.get(name)]
        compared = [compare(reading, texts.get(page["id"], "")) for reading in readings]
        best = max(compared, key=lambda pair: harmonic(*pair), default=(None, None))
        scores.append((harmonic(*best), best, page["id"]))
    scores.sort(key=lambda score: (score[0], score[2]))
    show = lambda value: "    -" if value is None else f"{value:.3f}"
    for f1, (precision, recall), page in scores[: int(worst)]:
        print(f"{f1:.3f}  precision {show(precision)}  recall {show(recall)}  {page}")
    precision = average(pair[0] for _, pair, _ in scores)
    recall = average(pair[1] for _, pair, _ in scores)
    lost = sum(f1 < LOST for f1, _, _ in scores)
    print(
        f"pages {len(scores)}  lost {lost}  precision {precision:.4f}  recall {recall:.4f}"
        f"  F1 {harmonic(precision, recall):.4f}"
    )


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
