#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Reads what "exptrace dump --json" makes of the trace of make_texts; no byte of a text may be lost.

Standard input: a line for each event. The exit code is 1, with the first text that is wrong, if one is.
"""
import json
import re
import sys

ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\x00-\x1f]")


def original(text):
    """The bytes of a text, by docs/exptrace.md."""
    parts = re.split("\ufffd([0-9a-f]{2})", text)
    return b"".join(bytes.fromhex(p) if i % 2 else p.encode() for i, p in enumerate(parts))


def main():
    texts = 0
    for line in sys.stdin.buffer:
        line = line.decode("utf-8").rstrip("\n")    # strict: nothing else may come out
        args = json.loads(line)["args"]
        wanted = bytes.fromhex(args["digits"])
        try:
            readable = wanted.decode("utf-8")
        except UnicodeDecodeError:
            readable = None
        if ESCAPED.search(line):
            sys.exit("a control comes out: %r" % line)
        if original(args["text"]) != wanted:
            sys.exit("%r for the bytes %s" % (args["text"], args["digits"]))
        if readable is not None and "\ufffd" not in readable and args["text"] != readable:
            sys.exit("%r for %r" % (args["text"], readable))
        texts += 1
    print(texts)


main()
