#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""An independent decoder of a trace: written from docs/wire-format.md alone, it checks libexptrace and the module.

decode.py FILE...               checks structure and ledger, prints counts per experiment, event and CPU as JSON
decode.py --events FILE         a JSON object per event, in the order of time
decode.py --against DUMP FILE   compares each event with DUMP, the output of "exptrace dump --json --all FILE"
"""
import bisect
import codecs
import collections
import json
import sys

HEADERS = [b"exptrace v%d" % version + bytes(5) for version in (1, 2)]
END, EVENTS, EXPERIMENTAL, SYNC, SCHEMA, LEDGER, PROPERTIES = 52, 1, 49, 50, 53, 56, 58
STACKS, STRINGS = 2, 4
TABLES = {STACKS, STRINGS, SYNC, SCHEMA, LEDGER, PROPERTIES}
NO_CPU = 2**64 - 1
INT, SITE, DATA, STRING, FLAGS, STATE, USER, CODE = 2, 6, 7, 8, 12, 13, 14, 19
CONTEXTS = ["task", "softirq", "hardirq", "nmi"]
STATES = ["R", "S", "D", "T", "t", "X", "Z", "P", "I", "R+"]
REPLACEMENT = b"\xef\xbf\xbd"
codecs.register_error("digits", lambda error: (digits(error.object[error.start:error.end]), error.end))


def digits(data):
    return "".join("\ufffd%02x" % byte for byte in data)


def text(data):
    """As in the JSON: a byte that is not UTF-8 is escaped by its digits, and so is U+FFFD."""
    return digits(REPLACEMENT).join(part.decode("utf-8", "digits") for part in data.split(REPLACEMENT))


class Damaged(Exception):
    pass


class Cut(Exception):
    pass


class Cursor:
    def __init__(self, data, pos=0):
        self.data, self.pos = data, pos

    def byte(self):
        if self.pos >= len(self.data):
            raise Cut
        self.pos += 1
        return self.data[self.pos - 1]

    def number(self):
        value = 0
        for i in range(10):
            b = self.byte()
            value |= (b & 127) << 7 * i
            if b < 128:
                if value >= 2**64:
                    raise Damaged("a number is over 64 bits")
                return value
        raise Damaged("a number is longer than 10 bytes")

    def signed(self):
        n = self.number()
        return (n >> 1) ^ -(n & 1)

    def bytes(self, n):
        if self.pos + n > len(self.data):
            raise Cut
        self.pos += n
        return self.data[self.pos - n:self.pos]

    def string(self):
        n = self.number()
        if n > 1024:
            raise Damaged("a string is longer than 1024 bytes")
        return text(self.bytes(n))

    def more(self):
        return self.pos < len(self.data)


def expect(condition, message):
    if not condition:
        raise Damaged(message)


class Site(int):
    """The id of a call site, until the generation has resolved it."""


class Generation:
    def __init__(self, number):
        self.number, self.syncs, self.schema, self.properties = number, [], {}, {}
        self.experiments = {}
        self.strings, self.stacks, self.cut_off = {}, {}, set()
        self.ledger, self.events, self.batches, self.ended = {}, [], 0, False
        self.last = {}      # (experiment, m): time of its last event
        self.closed = self.whole = False

    def batch(self, experiment, m, time, data):
        self.batches += 1
        c = Cursor(data)
        expect(not experiment or not self.closed, "a batch of an experiment after a Sync that is not the first")
        if experiment:
            if c.byte() == 0:
                self.timed_events(experiment, m, time, c)
            return
        what = data[0]
        expect(what == SYNC or not self.closed, "another batch after a Sync that is not the first")
        if what not in TABLES:
            self.timed_events(experiment, m, time, c)
            return
        expect(m == NO_CPU, "a table of a writer that is bound to a CPU")
        c.byte()
        if what == SYNC:
            self.sync(time, c)
            return
        entry = {SCHEMA: self.schema_entry, LEDGER: self.ledger_entry, PROPERTIES: self.property,
                 STRINGS: self.string, STACKS: self.stack}[what]
        while c.more():
            entry(c)

    def sync(self, time, c):
        expect(c.byte() == 8, "no frequency in a Sync")
        frequency = c.number()
        expect(c.byte() == 51, "no snapshot in a Sync")
        tick = time + c.number()
        mono = c.number()
        wall = c.number() * 10**9 + c.number()
        expect(not c.more() and frequency, "bad Sync")
        if self.batches == 1:
            self.whole = True
        else:
            self.closed = True
        expect(not self.syncs or (tick, mono) > self.syncs[-1][:2], "a Sync that is not later than the one before")
        self.syncs.append((tick, mono, frequency, wall))

    def schema_entry(self, c):
        kind = c.byte()
        if kind == 54:
            experiment, _ = c.number(), c.number()
            self.experiments[experiment] = c.string()
            return
        expect(kind == 55, "unknown schema entry %d" % kind)
        experiment, first, ntypes = c.number(), c.number(), c.number()
        c.string()
        name = c.string()
        args = [(c.number(), c.string()) for _ in range(c.number())]
        for t in range(first, first + ntypes):
            expect(60 <= t <= 126 or 137 <= t <= 255, "event type %d" % t)
            expect((experiment, t) not in self.schema, "type %d twice in the schema" % t)
            self.schema[experiment, t] = (name, first, ntypes, args)

    def ledger_entry(self, c):
        expect(c.byte() == 57, "unknown ledger entry")
        key = c.number(), c.number()
        attempted, recorded = c.number(), c.number()
        lost = [(c.number(), c.number()) for _ in range(c.number())]
        expect(key not in self.ledger, "two ledger entries of experiment %d, cpu %d" % key)
        expect(attempted == recorded + sum(n for _, n in lost), "a ledger entry does not add up")
        self.ledger[key] = (attempted, recorded, lost)

    def string(self, c):
        expect(c.byte() == 5, "unknown entry among the strings")
        number = c.number()
        expect(number and number not in self.strings, "string %d twice" % number)
        self.strings[number] = c.string()

    def stack(self, c):
        entry = c.byte()
        expect(entry in (3, 137), "unknown entry among the stacks")
        number = c.number()
        expect(number and number not in self.stacks, "stack %d twice" % number)
        frames = []
        for _ in range(c.number()):
            address = (int(self.properties["text_base"], 16) + c.signed()) % 2**64
            function, module, offset = c.number(), c.number(), c.number()
            expect({function, module} <= set(self.strings) | {0}, "a frame whose strings are missing")
            frames.append((address, self.strings.get(function), self.strings.get(module), offset))
        self.stacks[number] = frames
        if entry == 137:
            self.cut_off.add(number)

    def property(self, c):
        expect(c.byte() == 59, "unknown property")
        key = c.string()
        self.properties[key] = c.string()

    def timed_events(self, experiment, m, time, c):
        pid, stack = None, 0
        self.pages, self.user = {}, {USER: 0, CODE: 0}
        while c.more():
            t = c.byte()
            if (experiment, t) not in self.schema:
                expect(not self.whole, "event type %d is not in the schema" % t)
                return
            name, first, ntypes, args = self.schema[experiment, t]
            delta = c.number()
            expect(delta >= 1, "a delta of 0")
            time += delta
            values = {}
            for i, (kind, arg) in enumerate(args):
                values[arg] = t - first if i == 0 and ntypes > 1 else self.value(kind, c)
                if kind == SITE:
                    values[arg] = Site(values[arg])
                if kind == STATE:
                    values[arg] = STATES[values[arg]]
            if m != NO_CPU:
                expect(self.last.get((experiment, m), 0) <= time, "time runs backwards")
                self.last[experiment, m] = time
            if name == "current":
                pid = values["pid"]
            self.events.append((time, m, pid, experiment, t, name, stack, values))
            stack = values["stack"] if name == "stack" else 0
            if name == "sched_switch" and m % 4 == 0:
                pid = values["next_pid"]

    def object(self, c):
        low = int.from_bytes(c.bytes(2), "little")
        page = low >> 9 & 63
        if low & 0x8000:
            high = int.from_bytes(c.bytes(3), "little")
            if high >> 16 == 0xff:
                high = high & 0xffff | c.number() << 16
            self.pages[page] = high
        n = self.pages.get(page, 0) << 15 | low & 0x7fff
        return hex((int(self.properties["data_base"], 16) + (n << 3 | n >> 61) % 2**64) % 2**64)

    def value(self, kind, c):
        if kind == STRING or kind >= 128:
            return c.string()
        if kind == SITE:
            return int.from_bytes(c.bytes(2), "little")
        if kind == DATA:
            return self.object(c)
        if kind in (USER, CODE):
            self.user[kind] = (self.user[kind] + c.signed()) % 2**64
            return hex(self.user[kind])
        n = c.number()
        if kind == INT:
            return (n >> 1) ^ -(n & 1)
        return hex(n) if kind == FLAGS else n

    def end(self):
        self.ended = True
        if not self.whole:
            return
        expect(self.closed, "generation %d has no closing Sync" % self.number)
        for *_, stack, values in self.events:
            expect(not stack or stack in self.stacks, "stack %r is not there" % stack)
            for value in values.values():
                expect(not isinstance(value, Site) or not value or value in self.stacks, "site %r is not there" % value)
        decoded = collections.Counter((e[3], e[1] // 4) for e in self.events if e[1] != NO_CPU and 64 <= e[4] < 240)
        for key in set(decoded) | set(self.ledger):
            recorded = self.ledger.get(key, (0, 0))[1]
            expect(recorded == decoded[key], "generation %d, experiment %d, cpu %d: %d recorded, %d decoded" %
                   (self.number, *key, recorded, decoded[key]))

    def ns(self, tick):
        if not self.syncs:
            return tick
        if len(self.syncs) == 1:
            t0, ns0, frequency, _ = self.syncs[0]
            return ns0 + (tick - t0) * 10**9 // frequency
        i = min(max(bisect.bisect([sync[0] for sync in self.syncs], tick) - 1, 0), len(self.syncs) - 2)
        (t0, ns0, *_), (t1, ns1, *_) = self.syncs[i:i + 2]
        return ns0 + (tick - t0) * (ns1 - ns0) // (t1 - t0)


def generations(data):
    """The generations of a file; the last one may be incomplete."""
    expect(data[:16] in HEADERS, "no header of a version that is known")
    c, g, start = Cursor(data, 16), None, 16
    try:
        while c.more():
            start = c.pos
            what = c.byte()
            if what == END:
                expect(g and not g.ended, "an end of generation where none is open")
                g.end()
                yield g
                continue
            expect(what in (EVENTS, EXPERIMENTAL), "byte %d begins no batch" % what)
            experiment = c.byte() if what == EXPERIMENTAL else 0
            number, m, time = c.number(), c.number(), c.number()
            before = c.pos
            length = c.number()
            expect(c.pos - before == 10, "a length that is not 10 bytes long")
            body = c.bytes(length)
            expect(length and c.pos - start <= 65536, "a batch of %d bytes" % (c.pos - start))
            if g is None or g.ended:
                expect(g is None or number > g.number, "generation %d after %d" % (number, g.number if g else 0))
                g = Generation(number)
            expect(number == g.number, "generations %d and %d are mixed" % (g.number, number))
            try:
                g.batch(experiment, m, time, body)
            except Cut:
                raise Damaged("a batch ends within an entry") from None
    except Cut:
        print("decode.py: cut off at byte %d" % start, file=sys.stderr)
    except Damaged as damage:
        raise Damaged("byte %d: %s" % (start, damage)) from None
    if g and not g.ended:
        print("decode.py: generation %d has no end" % g.number, file=sys.stderr)
        yield g


def symbol(frame):
    _, function, module, offset = frame
    return "%s+0x%x%s" % (function, offset, " [%s]" % module if module else "")


def resolve(g, values):
    """The arguments with the addresses of call sites, and their names if known."""
    args, names = {}, {}
    for key, value in values.items():
        frames = g.stacks.get(value) if isinstance(value, Site) else None
        args[key] = hex(frames[0][0]) if frames else value
        if frames and frames[0][1]:
            names[key] = symbol(frames[0])
    return args, names


def as_objects(g):
    """The generation's events as in "exptrace dump --json", without what that adds (names, groups)."""
    for time, m, pid, experiment, _, name, stack, values in sorted(g.events, key=lambda e: e[0]):
        args, names = resolve(g, values)
        event = {"ns": g.ns(time), "ticks": time, "generation": g.number, "experiment": g.experiments.get(experiment),
                 "event": name, "args": args, "symbols": names}
        if m != NO_CPU:
            event.update(cpu=m // 4, context=CONTEXTS[m % 4])
        if pid is not None:
            event["pid"] = pid
        if stack in g.stacks:
            event["stack"] = [symbol(f) if f[1] else hex(f[0]) for f in g.stacks[stack]]
        if stack in g.cut_off:
            event["stack_cut_off"] = True
        yield event


def comparable(event):
    """A key for sorting and comparing: everything but nanoseconds and the thread, which need more than equality."""
    # Of the names only those of call sites: system calls and interrupts have no "+0x".
    symbols = {k: v for k, v in event.get("symbols", event.get("names", {})).items() if "+0x" in v}
    return json.dumps([event["generation"], event["ticks"], event.get("cpu"), event.get("context"),
                       event["experiment"], event["event"], event["args"], symbols, event.get("stack"),
                       event.get("stack_cut_off")], sort_keys=True)


def against(dump, path):
    """Compare event by event; returns the number of differences, and prints the first ones."""
    with open(path, "rb") as f:
        ours = [e for g in generations(f.read()) for e in as_objects(g)]
    with open(dump, encoding="utf-8") as f:
        theirs = [json.loads(line) for line in f]
    # Equal times have no order, so sort both by the whole key. The thread is compared where a batch names it.
    ours.sort(key=lambda e: comparable(e))
    theirs.sort(key=lambda e: comparable(e))
    differences = abs(len(ours) - len(theirs))
    for a, b in zip(ours, theirs):
        same = comparable(a) == comparable(b) and abs(a["ns"] - b["ns"]) <= 1
        if same and a.get("pid") in (None, b.get("pid")):
            continue
        differences += 1
        if differences < 10:
            print("here:  %s\nthere: %s" % (json.dumps(a), json.dumps(b)))
    print("%d events here, %d there, %d differences" % (len(ours), len(theirs), differences))
    return differences + (not ours)


def summary(paths):
    counts, lost, of_generation = collections.Counter(), collections.Counter(), []
    for path in paths:
        with open(path, "rb") as f:
            for g in generations(f.read()):
                for _, m, _, experiment, _, name, *_ in g.events:
                    key = g.experiments.get(experiment, experiment), name, "-" if m == NO_CPU else m // 4
                    counts["%s/%s/%s" % key] += 1
                for (experiment, cpu), (_, _, reasons) in g.ledger.items():
                    for reason, n in reasons:
                        lost["%d/%d/%d" % (experiment, cpu, reason)] += n
                of_generation.append({"generation": g.number, "whole": g.whole, "ended": g.ended, "batches": g.batches})
    return {"counts": dict(sorted(counts.items())), "lost": lost, "generations": of_generation}


def main(args):
    if args[0] == "--against":
        sys.exit(against(args[1], args[2]) != 0)
    if args[0] != "--events":
        print(json.dumps(summary(args), indent=1))
        return
    with open(args[1], "rb") as f:
        for g in generations(f.read()):
            for event in as_objects(g):
                print(json.dumps(event))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Damaged as damage:
        sys.exit("decode.py: damaged: %s" % damage)
