#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks that "exptrace dump --json" has lost no byte of the texts of make_texts.

Standard input: a line for each event. Prints the number of texts, or exits with 1 and the first
wrong text.
"""
import json
import re
import sys

ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\x00-\x1f]")


def original(text):
    """The original bytes of a text, decoded as docs/exptrace.md says."""
    parts = re.split("\ufffd([0-9a-f]{2})", text)
    return b"".join(bytes.fromhex(p) if i % 2 else p.encode() for i, p in enumerate(parts))


def main():
    texts = 0
    for line in sys.stdin.buffer:
        line = line.decode("utf-8").rstrip("\n")    # strict: the output must be valid
        args = json.loads(line)["args"]
        wanted = bytes.fromhex(args["digits"])
        try:
            readable = wanted.decode("utf-8")
        except UnicodeDecodeError:
            readable = None
        if ESCAPED.search(line):
            sys.exit("unescaped control character: %r" % line)
        if original(args["text"]) != wanted:
            sys.exit("%r for the bytes %s" % (args["text"], args["digits"]))
        if readable is not None and "\ufffd" not in readable and args["text"] != readable:
            sys.exit("%r for %r" % (args["text"], readable))
        texts += 1
    print(texts)


main()
