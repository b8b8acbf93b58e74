#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Plays an attacker who has a trace with identifiers instead of addresses, and tries to locate the kernel and modules.

kaslr.py TRACE KALLSYMS KCORE FUNCTION…
                                exit code 1 if an attack succeeds; during the trace a program has read at these functions
kaslr.py --same TRACE TRACE     of the call sites that both name, how many have the same identifier in both, and how many not

KALLSYMS, with addresses, and KCORE are /proc/kallsyms and /proc/kcore. The attacker knows from the kernel's package how functions
lie relative to each other, and looks for the slide. Here it is 0, because KALLSYMS has the true addresses.
"""
import math
import re
import struct
import sys

from decode import Site, generations, symbol

MASK = 2**32 - 1
# Maximum distance of a table entry behind the position that its hash points to.
TOLERANCE = 8
# Probability of a chance finding; some thousand slides are tried.
SIGNIFICANT = 1e-9
# A kernel is moved by multiples of 2 MiB, a module by pages.
KERNEL_SLIDES = [i << 21 for i in range(-128, 128)]
STACK_SLIDES = KERNEL_SLIDES[112:144]
MODULE_SLIDES = [i << 12 for i in range(-128, 128)]
# Number of stacks, because hashing them takes long.
MOST_FRAMES, MOST_STACKS = 12, 16
# Functions that are used first may lie apart from others anyway: a correlation up to this is not an order.
NO_ORDER = 0.5


def rotate(x, n):
    return (x << n | x >> 32 - n) & MASK


def jhash2(words, initial):
    """The kernel's hash of 32-bit words."""
    a = b = c = 0xdeadbeef + 4 * len(words) + initial & MASK
    while len(words) > 3:
        a, b, c = a + words[0] & MASK, b + words[1] & MASK, c + words[2] & MASK
        for n in (4, 6, 8, 16, 19, 4):
            a, c = (a - c & MASK) ^ rotate(c, n), c + b & MASK
            a, b, c = b, c, a
        words = words[3:]
    a, b, c = (x + w & MASK for x, w in zip((a, b, c), words + [0] * (3 - len(words))))
    for n in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - rotate(b, n) & MASK
        a, b, c = b, c, a
    return b    # what was changed last


def chance(k, n, p):
    """The probability of k hits or more in n trials."""
    return sum(math.comb(n, i) * p**i * (1 - p)**(n - i) for i in range(k, n + 1))


def ranks(values):
    rank = [0] * len(values)
    for i, at in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        rank[at] = i
    return rank


def correlation(pairs):
    """Spearman's rank correlation: 1 if both orders are equal."""
    n = len(pairs)
    x, y = zip(*pairs)
    return 1 - 6 * sum((a - b)**2 for a, b in zip(ranks(x), ranks(y))) / (n * (n * n - 1))


class Truth:
    """The true layout: functions by name and module, if the name is unique; and the ranges of the kernel's memory."""

    def __init__(self, kallsyms, kcore):
        self.address = {}
        with open(kallsyms, encoding="ascii") as f:
            for line in f:
                address, _, *name = line.split()
                name = tuple(name)
                self.address[name] = 0 if name in self.address else int(address, 16)
        with open(kcore, "rb") as f:
            head = f.read(8192)
        at, = struct.unpack_from("<Q", head, 32)
        nr, = struct.unpack_from("<H", head, 56)
        segments = (struct.unpack_from("<IIQQQQ", head, at + 56 * i) for i in range(nr))
        # Not the whole vmalloc() area, which contains any number.
        self.ranges = [(s[3], s[3] + s[5]) for s in segments if s[0] == 1 and s[5] < 2**42]

    def of(self, frame):
        """The address of a frame, or None."""
        _, function, module, offset = frame
        start = self.address.get((function, "[%s]" % module) if module else (function,))
        return start + offset if start else None

    def is_memory(self, value):
        return any(start <= value < end for start, end in self.ranges)


class Attacker:
    def __init__(self, trace, truth):
        self.truth, self.succeeded, self.tried = truth, False, 0
        with open(trace, "rb") as f:
            self.data = f.read()
        found = [g for g in generations(self.data) if g.properties["addresses"] == "id"]
        assert found, "no generation has identifiers"
        self.g = max(found, key=lambda g: len(g.events))
        self.first = self.first_use()
        self.sites = [n for n in self.first if isinstance(n, Site)]
        self.stacks = [n for n in self.first if not isinstance(n, Site)]

    def first_use(self):
        """When each site and stack was first named."""
        first = {}
        for time, *_, stack, values in sorted(self.g.events, key=lambda e: e[0]):
            for number in [v for v in values.values() if isinstance(v, Site)] + [stack]:
                if number:
                    first.setdefault(number, time)
        return first

    def where(self, number):
        return self.truth.of(self.g.stacks[number][0])

    def report(self, found, what):
        print("%s %s" % ("FOUND:" if found else "nothing:", what))
        self.succeeded |= found
        self.tried += 1

    def report_hits(self, what, hits, n, p):
        """hits: by slide, how many of n numbers are as expected; by chance, each is with probability p."""
        best = max(hits, key=hits.get)
        self.report(chance(hits[best], n, p) < SIGNIFICANT,
                    "%s: of %d, %d fit to the true slide, %d to %#x" % (what, n, hits[0], hits[best], best))

    def attack_product(self, what, sites, slides):
        """Is a site's number the upper bits of a product of its address?"""
        for bits in (12, 13):
            products = [(n, self.where(n) * 0x9e3779b1) for n in sites]
            hits = {}
            for slide in slides:
                move, last = slide * 0x9e3779b1, 2**bits - 1
                hits[slide] = sum((n - ((product + move & MASK) >> 32 - bits)) & last <= TOLERANCE
                                  for n, product in products)
            self.report_hits("%s, %d bits" % (what, bits), hits, len(sites), (TOLERANCE + 1) / 2**bits)

    def attack_sites(self):
        by_module = {}
        for n in self.sites:
            if self.where(n):
                by_module.setdefault(self.g.stacks[n][0][2], []).append(n)
        self.attack_product("sites", by_module.pop(None), KERNEL_SLIDES)
        enough = {module: sites for module, sites in by_module.items() if len(sites) >= 4}
        assert "exptrace" in enough, "no module has enough sites"
        for module, sites in enough.items():
            self.attack_product("sites of " + module, sites, MODULE_SLIDES)

    def attack_stacks(self):
        """Is a stack's number the lower bits of the hash of its frames?"""
        known = []
        for n in self.stacks:
            frames = self.g.stacks[n]
            if len(frames) <= MOST_FRAMES and all(self.truth.of(f) and not f[2] for f in frames):
                known.append((n, [self.truth.of(f) for f in frames]))
        known = known[:MOST_STACKS]
        assert len(known) > 10, "only %d stacks" % len(known)
        hits = dict.fromkeys(STACK_SLIDES, 0)
        for slide in STACK_SLIDES:
            for n, frames in known:
                words = [w for f in frames for w in (f + slide & MASK, f + slide >> 32)]
                hits[slide] += (n - jhash2(words, len(frames))) % 2048 <= TOLERANCE
        self.report_hits("stacks", hits, len(known), (TOLERANCE + 1) / 2048)

    def attack_order(self, what, numbers, where):
        """Does the order of numbers in the file, or of their values, follow the addresses rather than first use?"""
        known = [(i, n, where(n)) for i, n in enumerate(numbers) if where(n)]
        assert len(known) > 30, "only %d %s" % (len(known), what)
        in_file = correlation([(i, address) for i, _, address in known])
        by_number = correlation([(n, address) for _, n, address in known])
        self.report(max(abs(in_file), abs(by_number)) > NO_ORDER,
                    "order of %d %s and of their addresses: correlation %.2f, of their numbers %.2f" %
                    (len(known), what, in_file, by_number))
        self.report(list(numbers) != sorted(numbers), "%s are not in the order of their numbers" % what)

    def attack_orders(self):
        functions = {f[1]: self.truth.of((*f[:3], 0)) for frames in self.g.stacks.values() for f in frames if f[1]}
        self.attack_order("stacks", [n for n in self.g.stacks if n in self.stacks], self.where)
        self.attack_order("sites", [n for n in self.g.stacks if n in self.sites], self.where)
        # Names of modules have their own numbers.
        self.attack_order("functions", [n for n, name in self.g.strings.items() if name in functions],
                          lambda n: functions[self.g.strings[n]])
        for what, numbers in ("sites", self.sites), ("stacks", self.stacks):
            # With several CPUs, the first to use a number need not be the first to be seen.
            rho = correlation([(n, self.first[n]) for n in numbers])
            self.report(rho < 0.95, "numbers of %s and first use: correlation %.2f" % (what, rho))

    def attack_faults(self, functions):
        """A program can fault anywhere and learns the identifier. Does anything else have the same one?"""
        places = {address for frames in self.g.stacks.values() for address, *_ in frames}
        named = {f[1] for frames in self.g.stacks.values() for f in frames if f[3] == 0} & set(functions)
        assert named, "no event names one of the functions at its beginning"
        others, faults, codes = set(places), set(), set()
        for *_, name, _, values in self.g.events:
            numbers = {key: int(v, 16) for key, v in values.items() if isinstance(v, str) and v.startswith("0x")}
            if name != "page_fault_user":
                others |= set(numbers.values())
            # Identifiers are odd 32-bit numbers; program addresses on this machine have more bits.
            elif numbers["address"] < 2**32 and numbers["address"] % 2:
                faults.add(numbers["address"])
                codes.add(numbers["error_code"])
        assert len(faults) >= len(functions), "only %d faults" % len(faults)
        self.report(bool(faults & others), "of %d that programs faulted at, %d are elsewhere; named: %s" %
                    (len(faults), len(faults & others), ", ".join(sorted(named))))
        self.report(len(codes) > 1, "faults where something is mapped, and where not: error codes %s" % codes)

    def values(self):
        """All numbers in the file: raw, as text, or decoded."""
        for at in (m.start() for m in re.finditer(rb"(?=\xff\xff)", self.data)):
            if at >= 6:
                yield int.from_bytes(self.data[at - 6:at + 2], "little")
        for text in re.findall(rb"(?i)(?=(ffff[0-9a-f]{12}))", self.data):
            yield int(text, 16)
        for *_, values in self.g.events:
            for value in values.values():
                if isinstance(value, int):
                    yield value % 2**64
                elif value.startswith("0x"):
                    yield int(value, 16)
        for frames in self.g.stacks.values():
            for address, *_ in frames:
                yield address
        for base in "text_base", "data_base":
            yield int(self.g.properties[base], 16)

    def attack_values(self):
        found = [v for v in self.values() if self.truth.is_memory(v)]
        self.report(bool(found), "addresses in the file: %s" % " ".join("%#x" % v for v in found[:10]))


def attack(trace, kallsyms, kcore, *functions):
    attacker = Attacker(trace, Truth(kallsyms, kcore))
    attacker.attack_sites()
    attacker.attack_stacks()
    attacker.attack_orders()
    attacker.attack_faults(functions)
    attacker.attack_values()
    print("%d attacks on %d sites and %d stacks" % (attacker.tried, len(attacker.sites), len(attacker.stacks)))
    return attacker.succeeded


def identifiers(trace):
    """By symbol, for call sites that the trace names by one identifier only."""
    found = {}
    with open(trace, "rb") as f:
        for g in generations(f.read()):
            for frame in (f for frames in g.stacks.values() for f in frames if f[1] and not f[2]):
                found.setdefault(symbol(frame), set()).add(frame[0])
    return {name: ids.pop() for name, ids in found.items() if len(ids) == 1}


def compare(one, other):
    one, other = identifiers(one), identifiers(other)
    common = set(one) & set(other)
    same = sum(one[name] == other[name] for name in common)
    print(same, len(common) - same)


if __name__ == "__main__":
    if sys.argv[1] == "--same":
        compare(*sys.argv[2:])
    else:
        sys.exit(attack(*sys.argv[1:]))
