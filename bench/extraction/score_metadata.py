#!/usr/bin/env python3
"""Scores extracted titles, authors and publication dates against true ones.

usage: score_metadata.py TRUTH.jsonl EXTRACTED.jsonl [-v]

Truth has {"id", "title", "authors": [...], "published": "2024-05-03 08:00:00+02:00"} a line. Extracted has {"id",
"title", "authors": [...] or "byline", "published_at"} a line. Titles are equal when they are but for white space,
authors when the sets of names are, dates to the day as the page writes it, and to the second as instants where the
truth has an offset. -v lists what differs.
"""

import json
import sys
from datetime import datetime
from pathlib import Path


def rows(path):
    with Path(path).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def folded(text):
    return " ".join((text or "").split())


def names(row):
    """The authors, or the parts of the byline."""
    written = row["authors"] if "authors" in row else (row.get("byline") or "").split(", ")
    return {folded(name) for name in written or [] if folded(name)}


def instant(text):
    """The moment that a date with an offset names, to the second; None for any other text."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.replace(microsecond=0) if moment.tzinfo else None


CHECKS = {
    "title": (lambda t: folded(t.get("title")), lambda e: folded(e.get("title"))),
    "authors": (names, names),
    "day": (lambda t: (t.get("published") or "")[:10], lambda e: (e.get("published_at") or "")[:10]),
    "instant": (lambda t: instant(t.get("published")), lambda e: instant(e.get("published_at"))),
}


def count(truth, found, name, note=lambda page, true, got: None):
    """How many pages have a true value, and on how many of them it was found; `note` hears of the others."""
    of_truth, of_page = CHECKS[name]
    asked = right = 0
    for page in truth:
        true = of_truth(page)
        if not true:
            continue
        asked += 1
        got = of_page(found.get(page["id"], {}))
        right += true == got
        if true != got:
            note(page["id"], true, got)
    return asked, right


def main(truth, extracted, verbose):
    truth, found = rows(truth), {row["id"]: row for row in rows(extracted)}
    for name in CHECKS:
        note = lambda page, true, got: verbose and print(f"{name}  {page}: {true!r} is not {got!r}")
        asked, right = count(truth, found, name, note)
        print(f"{name:8} {right} of {asked}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["-v"]):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], len(sys.argv) == 4)
