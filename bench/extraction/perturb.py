#!/usr/bin/env python3
"""Copies a folder of pages without the hints that an extraction may lean on.

usage: perturb.py KIND FROM TO

KIND is one of
  names     every `class`, `id`, `role`, `itemprop` and `data-` attribute is removed
  json-ld   every `application/ld+json` script is removed
  semantic  `article`, `main`, `section`, `header`, `footer`, `aside`, `nav` and `figure` become `div`
  all       all three

FROM holds ID.html or ID.html.gz. TO is made, with an ID.html in UTF-8 for each; what the pages say of their encoding
is set to that.
"""

import gzip
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

KINDS = ("names", "json-ld", "semantic", "all")
NAMES = {"class", "id", "role", "itemprop"}
SEMANTIC = {"article", "main", "section", "header", "footer", "aside", "nav", "figure"}
CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)


class Rewriter(HTMLParser):
    """Writes a page again, tag by tag, without what is to go."""

    def __init__(self, names, json_ld, semantic):
        super().__init__(convert_charrefs=False)
        self.drops_names, self.drops_json_ld, self.drops_semantic = names, json_ld, semantic
        self.written, self.in_json_ld = [], False

    def write(self, text):
        if not self.in_json_ld:
            self.written.append(text)

    def start(self, tag, attributes, end=">"):
        kind = dict(attributes).get("type") or ""
        if tag == "script" and self.drops_json_ld and kind.strip().lower().startswith("application/ld+json"):
            self.in_json_ld = True
        kept = [pair for pair in attributes if not self.drops(pair[0])]
        if self.is_declaration(tag, dict(attributes)):
            kept = [("charset", "utf-8")]
        text = "".join(f" {name}" if value is None else f' {name}="{escaped(value)}"' for name, value in kept)
        self.write(f"<{self.renamed(tag)}{text}{end}")

    def drops(self, name):
        return self.drops_names and (name in NAMES or name.startswith("data-"))

    def renamed(self, tag):
        return "div" if self.drops_semantic and tag in SEMANTIC else tag

    @staticmethod
    def is_declaration(tag, attributes):
        declares = (attributes.get("http-equiv") or "").lower() == "content-type"
        return tag == "meta" and ("charset" in attributes or declares)

    def handle_starttag(self, tag, attributes):
        self.start(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self.start(tag, attributes, "/>")

    def handle_endtag(self, tag):
        self.write(f"</{self.renamed(tag)}>")
        if tag == "script":
            self.in_json_ld = False

    def handle_data(self, data):
        self.write(data)

    def handle_entityref(self, name):
        self.write(f"&{name};")

    def handle_charref(self, name):
        self.write(f"&#{name};")

    def handle_comment(self, data):
        self.write(f"<!--{data}-->")

    def handle_decl(self, declaration):
        self.write(f"<!{declaration}>")


def escaped(value):
    return value.replace("&", "&amp;").replace('"', "&quot;")


def decoded(page):
    """The text of a page: UTF-8 where it can be that, whatever it declares, else what it declares."""
    declared = CHARSET.search(page[:8192])
    for encoding in ("utf-8", declared and declared.group(1).decode()):
        try:
            return page.decode(encoding or "windows-1252")
        except (LookupError, UnicodeDecodeError):
            pass
    return page.decode("utf-8", "replace")


def rewritten(text, kind):
    rewriter = Rewriter(*(kind in (one, "all") for one in KINDS[:3]))
    rewriter.feed(text)
    rewriter.close()
    return "".join(rewriter.written)


def main(kind, folder, target):
    Path(target).mkdir(parents=True, exist_ok=True)
    for path in Path(folder).iterdir():
        name = path.name.removesuffix(".gz")
        if name.endswith(".html"):
            read = gzip.open if path.suffix == ".gz" else open
            with read(path, "rb") as file:
                text = rewritten(decoded(file.read()), kind)
            (Path(target) / name).write_text(text, encoding="utf-8", errors="replace")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
