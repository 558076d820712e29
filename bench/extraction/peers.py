#!/usr/bin/env python3
"""Runs Python's article extractors over a folder of pages: one JSON object a line, {"id", "text", "ms"}, with "title",
"authors" and "published_at" where the tool gives them.

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
    from trafilatura import bare_extraction

    def found(html):
        article = bare_extraction(html, include_comments=False, with_metadata=True, **options).as_dict()
        authors = [name for name in (article["author"] or "").split("; ") if name]
        return {"text": article["text"], "title": article["title"], "authors": authors, "published_at": article["date"]}

    return found


def newspaper4k():
    from newspaper import Article

    def found(html):
        # By default it fetches the pictures of the page, to choose one.
        article = Article("https://example.org/", fetch_images=False)
        article.download(input_html=html)
        article.parse()
        date = article.publish_date and article.publish_date.isoformat()
        return {"text": article.text, "title": article.title, "authors": article.authors, "published_at": date}

    return found


def readability():
    from lxml.html import fromstring
    from readability import Document

    def found(html):
        document = Document(html)
        return {"text": "\n".join(fromstring(document.summary()).itertext()), "title": document.short_title()}

    return found


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
    """What the tool finds; nothing where it fails."""
    try:
        return tool(html)
    except Exception:  # whatever it is, the page is lost
        return {"text": ""}


def main(name, folder, rounds=3):
    logging.disable(logging.CRITICAL)
    tool = TOOLS[name]()
    paths = [path for path in Path(folder).iterdir() if path.name.removesuffix(".gz").endswith(".html")]
    for path in sorted(paths):
        html, times = page(path), []
        for _ in range(int(rounds)):
            started = time.perf_counter()
            found = attempt(tool, html)
            times.append((time.perf_counter() - started) * 1e3)
        identity = path.name.removesuffix(".gz").removesuffix(".html")
        print(json.dumps(found | {"id": identity, "ms": median(times)}))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in TOOLS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
