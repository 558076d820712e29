#!/usr/bin/env python3
"""Runs Python's article extractors over a folder of pages: one JSON object a line, {"id", "text", "ms"}.

usage: peers.py TOOL FOLDER [ROUNDS]

TOOL is trafilatura, trafilatura-fast, trafilatura-precision, newspaper4k or readability-lxml, each of which has to be
installed. "ms" is the median over ROUNDS (default 3), on one thread.
"""

import gzip
import json
import logging
import sys
import time
from pathlib import Path
from statistics import median


def trafilatura(**options):
    from trafilatura import extract

    return lambda html: extract(html, include_comments=False, **options)


def newspaper4k():
    from newspaper import Article

    def text(html):
        article = Article("https://example.org/")
        article.download(input_html=html)
        article.parse()
        return article.text

    return text


def readability():
    from lxml.html import fromstring
    from readability import Document

    return lambda html: "\n".join(fromstring(Document(html).summary()).itertext())


TOOLS = {
    "trafilatura": trafilatura,
    "trafilatura-fast": lambda: trafilatura(fast=True),
    "trafilatura-precision": lambda: trafilatura(favor_precision=True),
    "newspaper4k": newspaper4k,
    "readability-lxml": readability,
}


def page(path):
    read = gzip.open if path.suffix == ".gz" else open
    with read(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


def attempt(tool, html):
    """The text; nothing where the tool fails."""
    try:
        return tool(html) or ""
    except Exception:  # whatever it is, the page is lost
        return ""


def main(name, folder, rounds=3):
    logging.disable(logging.CRITICAL)
    tool = TOOLS[name]()
    paths = [path for path in Path(folder).iterdir() if path.name.removesuffix(".gz").endswith(".html")]
    for path in sorted(paths):
        html, times = page(path), []
        for _ in range(int(rounds)):
            started = time.perf_counter()
            text = attempt(tool, html)
            times.append((time.perf_counter() - started) * 1e3)
        identity = path.name.removesuffix(".gz").removesuffix(".html")
        print(json.dumps({"id": identity, "text": text, "ms": median(times)}))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in TOOLS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
