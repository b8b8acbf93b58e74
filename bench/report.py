#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the benchmark's tables and JSON from the output of its parts.

Usage: report.py [--docs] [--store] RESULTS RELEASE JSON MISSING-PEERS

RESULTS has a directory per part of scripts/bench.sh, with its log. A missing figure is shown as not measured, with the
reason. The figures are written to RESULTS/report.json, and with --store to JSON. If RESULTS has no part at all, the figures
are read from JSON. With --docs, prints the tables of README.md and docs/performance.md too.
"""
import argparse
import datetime
import gzip
import json
import os
import re
import statistics
import subprocess
import sys

RECORDERS = ["exptrace", "ftrace", "perf", "lttng", "bpf", "sysdig"]
TITLES = {"exptrace": "exptrace", "ftrace": "ftrace", "perf": "perf", "lttng": "LTTng", "bpf": "BPF ring", "sysdig": "sysdig"}
CASES = {
    "switch": ["sched_switch"],
    "syscall": ["sys_enter", "sys_exit"],
    "sysargs": ["sys_enter_args", "sys_exit"],
    "kmalloc": ["kmalloc", "kfree"],
    "bench_0": ["bench_0"],
    "bench_2": ["bench_2"],
    "bench_5": ["bench_5"],
}
# Shown for the pair, because one event seldom comes without the other.
PAIRS = {"kmalloc": 2}
EXPTRACE = "build/user/exptrace"
PARTS = ["none", *RECORDERS, "storm", "decode", "uml", "scaling", "native"]

REASONS = {
    ("sysdig", "switch"): "its driver records system calls always, and only what it knows of the scheduler with them",
    ("sysdig", "kmalloc"): "its driver has no such event",
    ("sysdig", "bench_0"): "its driver has no such event",
    ("sysdig", "bench_2"): "its driver has no such event",
    ("sysdig", "bench_5"): "its driver has no such event",
}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout


def lines_of(*command, errors=False):
    """The lines that a command prints, one at a time, optionally with its standard error."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
                          text=True, errors="replace") as p:
        yield from p.stdout


def size_of(path):
    if os.path.exists(path + ".counts"):
        # Records have a header in BPF's ring, but not in the file.
        with open(path + ".counts", encoding="ascii") as f:
            return int(f.read().split()[3])
    if os.path.isfile(path):
        return os.path.getsize(path)
    # LTTng's streams, without the metadata.
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files
               if f != "metadata" and not f.endswith(".idx"))


# Identifies the events of a workload among all recorded ones, and how many identities there are: the threads that switch to
# each other, a pair per run (see guest.sh); its system call; the call sites of its loop.
OWN = {
    "switch": (r"prev_(?:pid|tid) ?= ?([1-9]\d*)\b.*next_(?:pid|tid) ?= ?([1-9]\d*)\b", 4),
    "syscall": (r"\b(?:NR |nr=)(110)\b|(getppid)", 1),
    "kmalloc": (r"call_site ?= ?([^\s,]+)", 1),
    "bench": (r"()", 1),
}


class Events:
    """Counts the lines of a tool by event, and those of the workload among them."""

    def __init__(self, case):
        self.counts, self.keys = {}, {}
        self.own = OWN.get(case and {"sysargs": "syscall"}.get(case, case.split("_")[0]))

    def add(self, name, line):
        self.counts[name] = self.counts.get(name, 0) + 1
        key = self.own and re.search(self.own[0], line)
        if key:
            keys = self.keys.setdefault(name, {})
            key = frozenset(key.groups())
            keys[key] = keys.get(key, 0) + 1

    def result(self, case, lost):
        """Events by name; those of the workload; lost events, None if the recorder does not report them."""
        own = None
        if self.own:
            own = sum(sum(sorted(self.keys.get(name, {}).values())[-self.own[1]:]) for name in CASES[case])
        return self.counts, own, lost


def losses(path):
    """The recorder's messages while it recorded."""
    if os.path.exists(path + ".lost"):
        with open(path + ".lost", encoding="ascii") as f:
            text = f.read().strip()
        return int(text) if text.isdigit() else None
    return None


def count_exptrace(path, case=None):
    counts, lost = {}, 0
    for line in output(EXPTRACE, "stat", path).splitlines():
        event = re.match(r"^  (\S+) +(\S+) +(\d+) +(\d+) +[\d.]+ +[\d.]+$", line)
        if event:
            counts[event[2]] = counts.get(event[2], 0) + int(event[3])
        ledger = re.match(r"^  \S+ +attempted \d+, recorded \d+, lost (\d+)", line)
        if ledger:
            lost += int(ledger[1])
    events = Events(case)
    if case:
        for line in lines_of(EXPTRACE, "dump", path):
            found = re.search(r"\d: (\w+):(?: |$)", line)
            if found:
                events.add(found[1], line)
    events.counts = counts
    return events.result(case, lost)


def count_ftrace(path, case=None):
    events = Events(case)
    for line in lines_of("trace-cmd", "report", "-i", path):
        found = re.search(r"\d: (\w+): ", line)
        if found:
            events.add(found[1], line)
    return events.result(case, losses(path))


def count_perf(path, case=None):
    events, lost = Events(case), 0
    for line in lines_of("perf", "script", "-f", "--show-lost-events", "-i", path):
        found = re.search(r"\d: +\w+:(\w+): ", line)
        if found:
            events.add(found[1], line)
        elif "PERF_RECORD_LOST" in line:
            number = re.search(r"(\d+)\s*$", line)
            lost += int(number[1]) if number else 1
    return events.result(case, lost)


def count_lttng(path, case=None):
    """babeltrace2 reports what LTTng discarded among its errors."""
    events, lost = Events(case), 0
    for line in lines_of("babeltrace2", path, errors=True):
        found = re.match(r"^\[[^]]*\] \([^)]*\) \S+ (\w+):", line)
        if found:
            name = re.sub("^kmem_", "", found[1])
            name = re.sub("^syscall_entry_.*", "sys_enter", name)
            name = re.sub("^syscall_exit_.*", "sys_exit", name)
            events.add(name, line)
        discarded = re.search(r"[Dd]iscarded (\d+) (?:event|packet)", line)
        if discarded:
            lost += int(discarded[1])
    return events.result(case, lost)


def count_bpf(path, case=None):
    """The file has only a total, and only the requested events."""
    with open(path + ".counts", encoding="ascii") as f:
        words = f.read().split()
    return {None: int(words[1])}, None, int(words[5])


def count_sysdig(path, case=None):
    events = Events(case)
    for line in lines_of("sysdig", "-r", path):
        direction = re.match(r"^\d+ \S+ \d+ .*? ([<>]) ", line)
        if direction:
            events.add("sys_enter" if direction[1] == ">" else "sys_exit", line)
    return events.result(case, losses(path))


COUNT = {"exptrace": count_exptrace, "ftrace": count_ftrace, "perf": count_perf, "lttng": count_lttng,
         "bpf": count_bpf, "sysdig": count_sysdig}


class Figures:
    """The figures in the logs, by recorder and kind."""

    def __init__(self, results):
        self.results = results
        self.lines = []
        for part in PARTS:
            log = os.path.join(results, part, "log")
            if os.path.exists(log):
                with open(log, encoding="utf-8", errors="replace") as f:
                    self.lines += [line.split()[1:] for line in f if line.startswith("figure ")]

    def get(self, *prefix):
        return [line[len(prefix):] for line in self.lines if tuple(line[:len(prefix)]) == prefix]

    def path(self, recorder, name):
        return os.path.join(self.results, recorder, f"{recorder}-{name}")


def read_text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def cpu_model():
    found = re.search(r"^model name\s*: (.*)$", read_text("/proc/cpuinfo"), re.M)
    return found[1] if found else "unknown"


def accelerator(figures, part):
    """The accelerator of a part's virtual machine, None if it had none."""
    if part in RECORDERS or part == "none":
        return "tcg, counting instructions"
    log = read_text(os.path.join(figures.results, part, "dmesg.log"))
    if not log:
        return None
    return "kvm" if "Hypervisor detected: KVM" in log else "tcg, which emulates the CPUs in turn"


def made(figures):
    """The commit, the date and the accelerator of each part."""
    out = {}
    for part in PARTS:
        commit, *day = read_text(os.path.join(figures.results, part, "made")).split("\n")
        if commit:
            out[part] = {"commit": commit, "date": day[0], "accelerator": accelerator(figures, part)}
    return out


# Packages whose versions are reported, and the source packages that their changelogs are named after.
PEER_PACKAGES = ["lttng-tools", "lttng-modules-dkms", "babeltrace2", "trace-cmd", "linux-perf", "sysdig", "falcosecurity-scap-dkms"]


def peer_versions():
    """Versions of Debian's packages, from their changelogs; libbpf is the installed one."""
    out = {}
    for package in PEER_PACKAGES:
        for name in ("changelog.Debian.amd64.gz", "changelog.Debian.gz"):
            path = os.path.join(os.environ.get("EXPTRACE_PEERS", ""), "usr/share/doc", package, name)
            if os.path.exists(path):
                with gzip.open(path, "rt", errors="replace") as f:
                    found = re.match(r"\S+ \(([^)]+)\)", f.readline())
                out[package] = found[1] if found else "unknown"
                break
    version = output("dpkg-query", "-W", "-f", "${Version}", "libbpf1")
    if version:
        out["libbpf1"] = version
    return out


def rates(lines):
    """Ticks per round of each repetition."""
    return [int(ticks) / int(rounds) for ticks, rounds, _ in lines]


def write_cost(figures, recorder, case):
    """Instructions per event (or pair), and the spread of the repetitions in percent."""
    base = rates(figures.get(recorder, "base", case))
    lines = figures.get(recorder, "write", case)
    if not base or not lines:
        return None
    events = int(lines[0][2]) / PAIRS.get(case, 1)
    costs = [(rate - statistics.mean(base)) / events for rate in rates(lines)]
    mean = statistics.mean(costs)
    return {"instructions": round(mean, 1), "spread_percent": round(100 * (max(costs) - min(costs)) / mean, 2),
            "base": round(statistics.mean(base), 1), "repetitions": [round(c, 1) for c in costs]}


def recorded(figures, recorder, case, size=None):
    """Bytes and events of one recording."""
    path = figures.path(recorder, f"{case}-{size}" if size else case)
    if not os.path.exists(path):
        return None
    counts, own, lost = COUNT[recorder](path, case)
    events = counts[None] if None in counts else sum(counts.get(e, 0) for e in CASES[case])
    return {"events": events, "own": own, "all": sum(counts.values()), "lost": lost, "bytes": size_of(path)}


def reading(figures, recorder, case, events):
    """Instructions to read an event, and the spread of the repetitions in percent."""
    lines = figures.get(recorder, "read", case)
    cpu = {size: [int(ns) for s, ns in lines if s == size] for size in ("large", "small")}
    costs = [(a - b) / events for a, b in zip(cpu["large"], cpu["small"])]
    if not costs or not events:
        return {}
    mean = statistics.mean(costs)
    return {"read_instructions": round(mean, 1), "read_events": events,
            "read_spread_percent": round(100 * (max(costs) - min(costs)) / abs(mean), 1),
            "read_repetitions": [round(c, 1) for c in costs]}


def stored(figures, recorder, case, fixed):
    """
    Whether the events were all recorded, bytes per event, instructions to read one, and what a trace has in common with every other.
    """
    out = {}
    whole, large, small = (recorded(figures, recorder, case, size) for size in (None, "large", "small"))
    expected = figures.get(recorder, "recorded", case)
    if whole and expected:
        events = whole["events"] if whole["own"] is None else whole["own"]
        out = {"recorded": whole["events"], "own": whole["own"], "workload": int(expected[0][0]), "lost": whole["lost"],
               "complete": events >= int(expected[0][0]) and not whole["lost"]}
    if large and small:
        events = large["all"] - small["all"]
        out["bytes"] = round((large["bytes"] - small["bytes"]) / events, 2)
        out.update(reading(figures, recorder, case, events))
        out["read_lost"] = large["lost"]
        fixed = small["bytes"] - small["all"] * out["bytes"] if fixed is None else fixed
    elif whole and fixed is not None:
        out["bytes"] = round((whole["bytes"] - fixed) / whole["all"], 2)
    return out, fixed


def measure(figures):
    cases = {}
    for recorder in RECORDERS:
        fixed = None
        for case in CASES:
            cost = write_cost(figures, recorder, case)
            if not cost:
                continue
            kept, fixed = stored(figures, recorder, case, fixed)
            cases.setdefault(recorder, {})[case] = {**cost, **kept}
    return cases


def measure_noise(figures):
    """The apparent cost of an event that nothing records."""
    out = {}
    for case in CASES:
        base, again = rates(figures.get("none", "base", case)), rates(figures.get("none", "write", case))
        if base and again:
            events = int(figures.get("none", "base", case)[0][2]) / PAIRS.get(case, 1)
            out[case] = round((statistics.mean(again) - statistics.mean(base)) / events, 2)
    return out


def measure_history(figures):
    """Switches left in a buffer of 16 MiB after more than it holds."""
    out = {}
    for recorder in RECORDERS:
        path = figures.path(recorder, "history")
        if figures.get(recorder, "history") and os.path.exists(path):
            counts, _, _ = COUNT[recorder](path)
            out[recorder] = counts.get(None) or counts.get("sched_switch", 0)
    return out


def measure_decode(figures, history):
    """Events per second of CPU time, each tool with its own recorder's history."""
    out = {}
    for recorder in RECORDERS:
        for tool, cpu, lines in figures.get(recorder, "decode"):
            if history.get(recorder) and int(cpu):
                out[tool] = {"events": history[recorder], "lines": int(lines), "cpu_seconds": round(int(cpu) / 1e9, 3),
                             "events_per_second": round(history[recorder] * 1e9 / int(cpu)),
                             "complete": int(lines) == history[recorder]}
    return out


NATIVE = {"uml": "User Mode Linux", "native": "this machine"}


def account(out, what, numbers):
    """Adds up the events of a turn: all, lost, and unaccounted for."""
    calls, first, second, lost = numbers
    # Evicted generations also contain some threads, which the workload did not trigger.
    missing = max(0, calls - first - second - lost) if what == "ledger" else abs(calls - second - lost) + abs(first - second)
    for key, n in (("calls", calls), ("lost", lost), ("unaccounted", missing)):
        out[key] = out.get(key, 0) + n


def measure_native(figures):
    """Nanoseconds per event where kernel code ran natively: the fastest and the median run."""
    out = {}
    for kind in NATIVE:
        for what, *rest in figures.get(kind):
            if what == "impossible":
                out.setdefault(kind, {})["impossible"] = " ".join(rest)
            elif what in ("ledger", "read"):
                account(out.setdefault(kind, {}), what, [int(n) for n in rest])
            else:
                out.setdefault(kind, {}).setdefault(what, {})[rest[0]] = {"fastest": float(rest[1]), "median": float(rest[2])}
    return out


def fastest(data, kind, what, case="bench_2"):
    return dig(data["native"], kind, what, case, "fastest")


def difference(a, b):
    return None if a is None or b is None else a - b


def verdict(value, target, at_least=False):
    if value is None:
        return "not measured"
    good = value >= target if at_least else value <= target
    if good:
        return "met"
    if target == 0:
        return f"missed by {value:g}"
    # The distance from the target as a share of it.
    return f"missed by {100 * abs(value - target) / target:.0f} %"


def dig(tree, *keys):
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def ratio(a, b):
    return None if a is None or not b else a / b


def targets(data):
    """Rows of the targets: figure, target, measured, verdict."""
    cases, history, decode = data["cases"], data["history"], data["decode"]
    rows = []

    def add(figure, target, value, limit, at_least=False, unit=""):
        shown = "not measured" if value is None else f"{value:,.4g}{unit}" if value < 1e4 else f"{value:,.0f}{unit}"
        rows.append([figure, target, shown, verdict(value, limit, at_least)])

    add("sched_switch, instructions per event", "≤ 90", dig(cases, "exptrace", "switch", "instructions"), 90)
    add("sched_switch, bytes per event", "≤ 6", dig(cases, "exptrace", "switch", "bytes"), 6)
    add("kmalloc and kfree, instructions of the pair", "≤ 220", dig(cases, "exptrace", "kmalloc", "instructions"), 220)
    shown, value = comparison(data, "exptrace_read", "direct", "ring_buffer_benchmark_read")
    rows.append(["2 integers, native (UML): exptrace's writer with a reader, against `ring_buffer_benchmark` as it runs by default", "≤ 1/3",
                 shown, verdict(value, 1 / 3)])
    own = dig(cases, "exptrace", "switch", "read_instructions")
    for peer in ("lttng", "ftrace"):
        other = dig(cases, peer, "switch", "read_instructions")
        shown = f"1/{other / own:.2g}" if own and other else "not measured"
        rows.append([f"reading a sched_switch, instructions, against {TITLES[peer]}'s", "≤ 1/10", shown, verdict(ratio(own, other), 0.1)])
    add("`exptrace stat`, million events per second, one core", "≥ 50", ratio(dig(decode, "stat", "events_per_second"), 1e6), 50, True)
    add("`exptrace dump`, events per second, against babeltrace2's", "≥ 30 ×", ratio(dig(decode, "dump", "events_per_second"),
        dig(decode, "babeltrace2", "events_per_second")), 30, True, " ×")
    add("history in 16 MiB, against LTTng's", "≥ 10 ×", ratio(history.get("exptrace"), history.get("lttng")), 10, True, " ×")
    cpus, others = other_lines(data)
    add(f"cache lines of other CPUs written per event, {cpus} CPUs", "0", others, 0)
    for kind, title in (("processes", "processes that switch and open files"), ("loop", "allocations in a kernel loop")):
        storm = dig(data, "storm", kind)
        add(f"events lost, storm on 4 CPUs: {title}", "0", dig(storm, "lost"), 0)
        if storm:
            rows[-1][2] += f" of {storm['recorded']:,}"
    return rows


def comparison(data, what, case, other, other_case="entry"):
    """A ratio of two figures of the same kernel with both, as text, and the ratio alone."""
    a, b = fastest(data, "uml", what, case), fastest(data, "uml", other, other_case)
    value = ratio(a, b)
    return ("not measured" if value is None else f"{value:.2f} ({a:.1f} and {b:.1f} ns)"), value


def other_comparisons(data):
    """Comparisons that are not the target, with the target's peer and with others."""
    rows = []
    for title, what, case, other, other_case in (
            ("through the tracepoint, with no reader, against the same", "exptrace", "bench_2", "ring_buffer_benchmark_read", "entry"),
            ("through the tracepoint, neither with a reader", "exptrace", "bench_2", "ring_buffer_benchmark", "entry"),
            ("called directly, neither with a reader", "exptrace_hammered", "direct", "ring_buffer_benchmark", "entry"),
            ("called directly, in short runs without interrupts, against the ring buffer in such runs", "exptrace", "direct", "ring", "direct"),
            ("both through the tracepoint, in short runs without interrupts", "exptrace", "bench_2", "ring", "bench_2")):
        shown, value = comparison(data, what, case, other, other_case)
        if value is not None:
            rows.append([title, shown])
    empty = fastest(data, "uml", "empty")
    a, b = difference(fastest(data, "uml", "exptrace"), empty), difference(fastest(data, "uml", "ring"), empty)
    if ratio(a, b) is not None:
        rows.append(["added to the tracepoint with an empty probe, by subtraction", f"{a / b:.2f} ({a:.1f} and {b:.1f} ns)"])
    return rows


def other_lines(data):
    """The numbers of CPUs examined, and the most lines found that belong to another CPU."""
    cpus = sorted({line["cpus"] for line in data["lines"]})
    alone = [line["others"] for line in data["lines"]]
    # On all CPUs at once, each must write the same lines of its own as alone, and no others.
    together = [line["shared"] + max(0, line["most"] - most_alone(data, line["cpus"])) for line in data["lines_together"]]
    return ", ".join(str(n) for n in cpus) or "no", max(alone + together, default=None)


def most_alone(data, cpus):
    return max((line["own"] for line in data["lines"] if line["cpus"] == cpus), default=0)


def number(value, digits=1):
    return "–" if value is None else f"{value:,.{digits}f}".removesuffix(".0") if digits else f"{value:,.0f}"


def with_spread(mean, spread):
    """Shows the spread of a figure whose repetitions are more than a percent apart."""
    if mean is None or not spread or spread <= 1:
        return number(mean, 1 if mean is not None and mean < 100 else 0)
    digits = 1 if mean < 50 else 0
    return f"{mean:,.{digits}f} ± {number(mean * spread / 200, digits)}"


def reading_cell(data, recorder, case):
    figure = dig(data["cases"], recorder, case)
    return with_spread(dig(figure, "read_instructions"), dig(figure, "read_spread_percent"))


def recorder_rows(data):
    """A row per figure, a column per recorder."""
    rows = []
    names = {"switch": "sched_switch", "sysargs": "raw system call (enter with arguments, exit)",
             "syscall": "the same without arguments", "kmalloc": "kmalloc + kfree, the pair",
             "bench_0": "synthetic, no argument", "bench_2": "synthetic, 2 arguments", "bench_5": "synthetic, 5 arguments"}

    def add(title, value, digits=1):
        row = [number(value(r), digits) for r in data["recorders"]]
        if any(cell != "–" for cell in row):
            rows.append([title] + row)

    def figure(recorder, case, key):
        if recorder != "exptrace" and case in ("syscall", "sysargs"):
            case = {"sysargs": "syscall"}.get(case)
        return dig(data["cases"], recorder, case, key)

    for case, name in names.items():
        add(f"record, instructions: {name}", lambda r, c=case: figure(r, c, "instructions"), 0)
    for case, name in names.items():
        name = name.replace(", the pair", ", mean")
        add(f"stored, bytes: {name}", lambda r, c=case: figure(r, c, "bytes"))
    for case in ("switch", "kmalloc"):
        name = names[case].replace(", the pair", ", mean")
        cells = [reading_cell(data, r, case) for r in data["recorders"]]
        if any(cell != "–" for cell in cells):
            rows.append([f"read to file, instructions: {name}"] + cells)
    add("sched_switch events in 16 MiB", lambda r: data["history"].get(r), 0)
    tool = {"exptrace": "dump", "ftrace": "report", "perf": "script", "lttng": "babeltrace2"}
    add("shown as text, thousand events/s", lambda r: ratio(dig(data["decode"], tool.get(r), "events_per_second"), 1e3), 0)
    add("added up (stat), thousand events/s",
        lambda r: ratio(dig(data["decode"], "stat", "events_per_second"), 1e3) if r == "exptrace" else None, 0)
    return rows


def native_rows(data):
    """A row per figure, a column per measured kernel."""
    rows = []
    for title, what, case in (
            ("a tracepoint without a probe", "none", "bench_2"), ("a tracepoint with an empty probe", "empty", "bench_2"),
            ("exptrace, no argument", "exptrace", "bench_0"), ("exptrace, 2 arguments", "exptrace", "bench_2"),
            ("exptrace, 5 arguments", "exptrace", "bench_5"), ("the kernel's ring buffer, 2 arguments", "ring", "bench_2"),
            ("the same with exptrace's clock", "ring_tsc", "bench_2"),
            ("an empty probe, called directly", "empty", "direct"), ("exptrace's, called directly", "exptrace", "direct"),
            ("the ring buffer's, called directly", "ring", "direct"), ("the same with exptrace's clock", "ring_tsc", "direct"),
            ("exptrace's, directly, for ten seconds", "exptrace_hammered", "direct"),
            ("the ring buffer's, directly, for ten seconds", "ring_hammered", "direct"),
            ("ring_buffer_benchmark, an entry", "ring_buffer_benchmark", "entry"),
            ("exptrace's, directly, with a reader", "exptrace_read", "direct"),
            ("ring_buffer_benchmark, an entry, with its reader", "ring_buffer_benchmark_read", "entry")):
        row = [number(fastest(data, kind, what, case)) for kind in NATIVE]
        if any(cell != "–" for cell in row):
            rows.append([title] + row)
    return rows


def table(head, rows):
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(out + ["| " + " | ".join(row) + " |" for row in rows])


def reason_of(figures, missing, recorder, case=None):
    return (REASONS.get((recorder, case)) or missing.get({"sysdig": "scap"}.get(recorder, recorder)) or
            ("the measurement failed" if has_failed(figures, recorder) else "not run"))


def has_failed(figures, part):
    return os.path.exists(os.path.join(figures.results, part, "failed"))


DECODERS = {"stat": "exptrace", "dump": "exptrace", "report": "ftrace", "script": "perf", "babeltrace2": "lttng"}


def not_measured(data, figures, missing):
    """Reasons for missing figures, and the figures they apply to."""
    out = {}

    def add(reason, what):
        out.setdefault(reason, []).append(what)

    for recorder in RECORDERS:
        title = TITLES[recorder]
        for case in CASES:
            figure = dig(data["cases"], recorder, case)
            if not figure and (case != "sysargs" or recorder == "exptrace"):
                add(reason_of(figures, missing, recorder, case), f"{title}: {case}")
            elif case in ("switch", "kmalloc") and figure and dig(figure, "read_instructions") is None:
                add(reason_of(figures, missing, recorder), f"{title}: reading of {case}")
        if recorder == "sysdig":
            add("its driver records system calls and too few other events to fill a buffer with switches", f"{title}: history")
        elif data["history"].get(recorder) is None:
            add(reason_of(figures, missing, recorder), f"{title}: history")
    for tool, recorder in DECODERS.items():
        if tool not in data["decode"]:
            reason = "the measurement failed" if has_failed(figures, "decode") else \
                "there is no history to show" if data["history"].get(recorder) is None else "not run"
            add(reason, f"decode: {tool}")
    for kind in ("processes", "loop"):
        if kind not in data["storm"]:
            add("the measurement failed" if has_failed(figures, "storm") else "not run", f"storm: {kind}")
    for kind, what, reason in (("uml", "native ns per event, against ring_buffer_benchmark", "not run"),
                               ("native", "native ns per event on a real machine",
                                "it loads modules into the kernel that runs here: only with --native")):
        if fastest(data, kind, "exptrace") is None:
            if has_failed(figures, kind):
                reason = "the measurement failed"
            add(dig(data["native"], kind, "impossible") or reason, what)
    for what, there, reason in (("cost of an event", {s["cpus"] for s in data["scaling"]}, "they take as many CPUs in this machine"),
                                ("cache lines", {s["cpus"] for s in data["lines"]}, "not run")):
        absent = [n for n in (1, 2, 4, 8) if n not in there]
        if not there or has_failed(figures, "scaling"):
            reason = "the measurement failed" if has_failed(figures, "scaling") else "not run"
        if absent:
            add(reason, f"{what} with " + ", ".join(str(n) for n in absent) + " CPUs")
    add("its ring cannot keep what is newest; the figure is how many fit", "BPF ring: history")
    return out


def show_native(data):
    """Reports medians far from the fastest run: something else was running."""
    for kind, whats in data["native"].items():
        for what, cases in whats.items():
            for case, ns in cases.items() if isinstance(cases, dict) else ():
                print(f"# {kind} {what} {case}: fastest {ns['fastest']} ns, median {ns['median']} ns")
        if "calls" in whats:
            good = not whats["lost"] and not whats["unaccounted"]
            print(f"# {kind}: of exptrace's {whats['calls']} events {whats['lost']} were lost and {whats['unaccounted']} are not accounted for: "
                  f"{'all were recorded' if good else 'not reliable'}")


def show_repetitions(data):
    """Reports whether repetitions agree, and which figures cannot be trusted."""
    print(f"# none: apparent instructions per event when nothing records it: {data['noise']}")
    for recorder, cases in data["cases"].items():
        for case, figure in cases.items():
            agree = "agree" if figure["spread_percent"] <= 1 else "differ by more than 1 %"
            print(f"# {recorder} {case}: {figure['repetitions']} {agree} ({figure['spread_percent']} %)")
            if "read_repetitions" in figure:
                lost = {None: "unknown whether any were lost"}.get(figure["read_lost"], f"{figure['read_lost']} lost")
                print(f"# {recorder} {case}, reading of {figure['read_events']} events: {figure['read_repetitions']} "
                      f"({figure['read_spread_percent']} % apart), {lost}")
            if not figure.get("complete", True):
                print(f"# {recorder} {case}: of the workload's {figure['workload']} events "
                      f"{figure['recorded'] if figure['own'] is None else figure['own']} recorded, "
                      f"{'unknown how many' if figure['lost'] is None else figure['lost']} lost: not reliable")
    for tool, figure in data["decode"].items():
        if not figure["complete"]:
            print(f"# {tool}: shows {figure['lines']} of {figure['events']} events: not reliable")


def show(data):
    print(f"Linux {data['kernel']}, {data['date']}, commit {data['commit']}, {data['cpu']}")
    for part, how in data["parts"].items():
        if how["commit"] != data["commit"]:
            print(f"The figures of {part} are of commit {how['commit']}, {how['date']}")
    print()
    print(table(["", *(TITLES[r] for r in data["recorders"])], recorder_rows(data)), "\n")
    if native_rows(data):
        print(table(["native, ns per event", *NATIVE.values()], native_rows(data)), "\n")
    print(table(["figure", "target", "measured", ""], targets(data)), "\n")
    if other_comparisons(data):
        print(table(["not the target: exptrace's writer, native (UML)", "ratio"], other_comparisons(data)), "\n")
    for reason, what in data["not_measured"].items():
        print(f"Not measured: {', '.join(what)} ({reason})")
    show_repetitions(data)
    show_native(data)
    for line in data["scaling"]:
        print(f"# uml, CPU {line['cpu']} of {line['cpus']}, {line['how']}: fastest {line['fastest']} ns, median {line['median']} ns")


README_RECORDERS = ["exptrace", "bpf", "lttng", "ftrace", "perf"]
README_TITLES = {"bpf": "BPF ring buffer"}


def readme_rows(data):
    names = README_RECORDERS
    tools = {"exptrace": "dump", "ftrace": "report", "perf": "script", "lttng": "babeltrace2"}

    def row(title, value, digits=0):
        return [title] + ["" if value(r) is None else number(value(r), digits).replace(",", "") for r in names]

    return [row("instructions to record a sched_switch", lambda r: dig(data["cases"], r, "switch", "instructions")),
            row("to record a kmalloc and its kfree", lambda r: dig(data["cases"], r, "kmalloc", "instructions")),
            ["to read a sched_switch from the buffer into a file"] + [reading_cell(data, r, "switch") for r in names],
            row("bytes of a sched_switch", lambda r: dig(data["cases"], r, "switch", "bytes")),
            row("sched_switches in 16 MiB, thousands", lambda r: ratio(data["history"].get(r), 1e3)),
            row("shown as text, thousand events per second",
                lambda r: ratio(dig(data["decode"], tools.get(r), "events_per_second"), 1e3))]


def uml_rows(data):
    """Fastest and median, as in docs/performance.md."""
    rows = []
    for title, what, case in (
            ("`none`", "none", "bench_2"), ("`empty`", "empty", "bench_2"), ("`exptrace`, no argument", "exptrace", "bench_0"),
            ("`exptrace`, 2 arguments", "exptrace", "bench_2"), ("`exptrace`, 5 arguments", "exptrace", "bench_5"),
            ("`ring`, 2 arguments", "ring", "bench_2"), ("`ring_tsc`, 2 arguments", "ring_tsc", "bench_2"),
            ("`empty direct`", "empty", "direct"), ("`exptrace direct`, 2 arguments", "exptrace", "direct"),
            ("`ring direct`, 2 arguments", "ring", "direct"), ("`ring_tsc direct`, 2 arguments", "ring_tsc", "direct"),
            ("`exptrace_hammered`, 2 arguments", "exptrace_hammered", "direct"), ("`ring_hammered`, 2 arguments", "ring_hammered", "direct"),
            ("`ring_buffer_benchmark`, entry", "ring_buffer_benchmark", "entry"),
            ("`exptrace_read`, 2 arguments", "exptrace_read", "direct"),
            ("`ring_buffer_benchmark_read`, entry", "ring_buffer_benchmark_read", "entry")):
        ns = dig(data["native"], "uml", what, case)
        if ns:
            rows.append([title, f"{ns['fastest']:.1f}", f"{ns['median']:.1f}"])
    return rows


def scaling_rows(data):
    """By number of CPUs: nanoseconds alone and together on the slowest CPU, and cache lines."""
    rows = []
    for cpus in sorted({line["cpus"] for line in data["lines"]}):
        def worst(how, n=cpus):
            return max((s["fastest"] for s in data["scaling"] if s["cpus"] == n and s["how"] == how), default=None)
        lines = [line for line in data["lines"] if line["cpus"] == cpus]
        together = [line for line in data["lines_together"] if line["cpus"] == cpus]
        rows.append([str(cpus), number(worst("alone")), number(worst("together")),
                     f"{max(line['own'] for line in lines)} and {max(line['others'] for line in lines)}",
                     ", ".join(f"{line['most']} and {line['shared']}" for line in together)])
    return rows


def show_docs(data):
    """The tables of README.md and docs/performance.md."""
    print("\nREADME.md:\n")
    print(table(["", *(README_TITLES.get(r, TITLES[r]) for r in README_RECORDERS)], readme_rows(data)))
    print("\ndocs/performance.md:\n")
    print(table(["Linux, UML", "fastest, ns", "median, ns"], uml_rows(data)), "\n")
    print(table(["CPUs", "ns, one writes", "ns, all write", "lines written: own and others", "all at once: own and shared"],
                scaling_rows(data)), "\n")
    print(table(["figure", "target", "measured", ""], targets(data)), "\n")
    print(table(["not the target", "ratio"], other_comparisons(data)))


def collect(figures, release, missing):
    data = {"kernel": release, "date": datetime.date.today().isoformat(),
            "commit": output("git", "describe", "--always", "--dirty").strip() or "unknown", "cpu": cpu_model(),
            "parts": made(figures), "peers": peer_versions(), "cases": measure(figures), "noise": measure_noise(figures),
            "history": measure_history(figures)}
    data["decode"] = measure_decode(figures, data["history"])
    data["storm"] = {kind: dict(zip(("recorded", "lost", "least", "counted", "most"), map(int, numbers)))
                     for kind, *numbers in figures.get("exptrace", "storm")}
    data["native"] = measure_native(figures)
    data["scaling"] = [{"cpus": int(n), "cpu": int(cpu), "how": how, "fastest": float(ns), "median": float(median)}
                       for n, cpu, how, ns, median in figures.get("scaling")]
    data["lines"] = [dict(zip(("cpus", "cpu", "own", "others"), map(int, numbers))) for numbers in figures.get("lines")]
    data["lines_together"] = [dict(zip(("cpus", "fewest", "most", "shared"), map(int, numbers)))
                              for numbers in figures.get("lines_together")]
    data["recorders"] = [r for r in RECORDERS if r in data["cases"]]
    data["targets"] = [dict(zip(("figure", "target", "measured", "verdict"), row)) for row in targets(data)]
    data["other_comparisons"] = [dict(zip(("figure", "ratio"), row)) for row in other_comparisons(data)]
    data["not_measured"] = not_measured(data, figures, missing)
    return data


def store(data, path):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=1, ensure_ascii=False)
        f.write("\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--store", action="store_true")
    parser.add_argument("rest", nargs=4)
    options = parser.parse_args()
    results, release, path, missing_text = options.rest
    figures = Figures(results)
    if figures.lines:
        data = collect(figures, release, dict(line.split(": ", 1) for line in missing_text.splitlines()))
        store(data, os.path.join(results, "report.json"))
        if options.store:
            store(data, path)
    else:
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
    show(data)
    if options.docs:
        show_docs(data)


main()
