#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares what exptrace and perf report about the same run of agree_work. Both recorded the same tracepoints.

agree.py DIR events         event by event: the same ones, and both clocks fit between each other
agree.py DIR latencies      run-queue delays and run times: exptrace report and perf sched latency
agree.py DIR syscalls       counts and times of system calls: exptrace report and perf trace -s

DIR has workload.txt (a name and a pid per line), dump.json (exptrace dump --json), report.json (exptrace report
--json), script.txt (perf script), sched.txt (perf sched latency -p), trace.txt (perf trace -s), described.txt (a name per
line, of the system calls with tracepoints of their own: perf trace leaves all others out of its summary).

How far two figures may be apart follows from the run itself. In each tracepoint exptrace's probe runs first, being
attached first, then perf's, so the two times of an event differ by what lies between two readings of the clock: the
run time of a probe, and an interrupt now and then, the emulator's or the host's included. Where events follow each
other, the order of times must be ours, perf's, ours, perf's: there is nothing to adjust in that. What is measured from
one event to another may then differ by these distances of just the two, and by half of what perf's last digit is
worth: a microsecond. System calls and the scheduler's events are looked at apart, since an interrupt may come between
the two probes of a system call, and the scheduler in it.
"""
import collections
import json
import os
import re
import sys

# Both convert ticks to nanoseconds: exptrace along a line per generation, in ticks of up to 8 ns.
CLOCK_NS = 50
# Milliseconds are rounded to three digits.
DIGIT_NS = 500
# Exit code if the only difference is that perf missed an event.
MISSED = 3
# For an ordinary event: a probe takes some hundred to some thousand instructions, also on an emulated machine.
PROBE_NS = 20000
# On a kernel that checks each access (scripts/debug-kernel.sh) perf takes several times as long.
if os.path.exists("/sys/kernel/debug/kmemleak"):
    PROBE_NS *= 5

# A thread's event; "what" is everything that both recorders have of it, beginning with its name.
Event = collections.namedtuple("Event", "ns what")

failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)


def near(message, ours, theirs, tolerance):
    expect(abs(ours - theirs) <= tolerance, "%s: %.0f ns, perf has %.0f: farther apart than %.0f" %
           (message, ours, theirs, tolerance))


# The events that the recorders saw, by thread and family.

SCHED, CALLS = "sched", "calls"


def read_exptrace(path):
    """A switch is an event of both threads, a wake-up one of the woken thread."""
    threads = collections.defaultdict(list)
    with open(path, encoding="utf-8") as f:
        events = [json.loads(line) for line in f]
    for e in events:
        ns, pid, name, args = e["ns"], e.get("pid"), e["event"], e["args"]
        if name == "sched_switch":
            threads[pid, SCHED].append(Event(ns, ("out", args["prev_state"])))
            threads[args["next_pid"], SCHED].append(Event(ns, ("in",)))
        elif name in ("sched_wakeup", "sched_wakeup_new"):
            threads[args["pid"], SCHED].append(Event(ns, (name, args["target_cpu"])))
        elif name == "sched_stat_runtime":
            threads[args["pid"], SCHED].append(Event(ns, (name, args["runtime"])))
        elif name == "sys_enter":
            threads[pid, CALLS].append(Event(ns, (name, args["nr"])))
        elif name == "sys_exit":
            threads[pid, CALLS].append(Event(ns, (name, args["nr"], args["ret"])))
    return threads


LINE = re.compile(r"\s*(-?\d+)\s+\[\d+\]\s+(\d+)\.(\d{9}):\s+\w+:(\w+): (.*)")
# As printed by the kernel, or by a plugin of perf's library.
SWITCH = re.compile(r".* prev_pid=(\d+) .* prev_state=(\S+) ==> .* next_pid=(\d+) "
                    r"|.*:(\d+) \[-?\d+\] (\S+) ==> .*:(\d+) \[-?\d+\]")
WAKEUP = re.compile(r".* pid=(\d+) .*target_cpu=(\d+)|.*:(\d+) \[-?\d+\].* CPU:(\d+)")
RUNTIME = re.compile(r".* pid=(\d+) runtime=(\d+) ")


def call_number(text):
    """A negative number stands for none; see EXPTRACE_SYSCALL_NONE."""
    return int(text) if int(text) >= 0 else 0x7fffffff


def numbers(match):
    """The groups of the alternative that matched."""
    return [group for group in match.groups() if group is not None]


def read_perf(path):
    threads = collections.defaultdict(list)
    with open(path, encoding="utf-8", errors="replace") as f:
        lines = [line for line in f if line.strip()]
    for line in lines:
        found = LINE.match(line)
        if not found:
            sys.exit("agree.py: perf script says: %s" % line.strip())
        tid, seconds, fraction, name, text = found.groups()
        tid, ns = int(tid), int(seconds) * 10**9 + int(fraction)
        text += " "
        if name == "sched_switch":
            # If its parent was quick, a thread no longer has an id at its last switch: perf reports -1 then.
            prev_pid, state, next_pid = numbers(SWITCH.match(text))
            threads[int(prev_pid), SCHED].append(Event(ns, ("out", state)))
            threads[int(next_pid), SCHED].append(Event(ns, ("in",)))
        elif name in ("sched_wakeup", "sched_wakeup_new"):
            pid, cpu = map(int, numbers(WAKEUP.match(text)))
            threads[pid, SCHED].append(Event(ns, (name, cpu)))
        elif name == "sched_stat_runtime":
            pid, runtime = map(int, RUNTIME.match(text).groups())
            threads[pid, SCHED].append(Event(ns, (name, runtime)))
        elif name == "sys_enter":
            threads[tid, CALLS].append(Event(ns, (name, call_number(re.match(r"NR (-?\d+)", text).group(1)))))
        elif name == "sys_exit":
            nr, ret = re.match(r"NR (-?\d+) = (-?\d+)", text).groups()
            threads[tid, CALLS].append(Event(ns, (name, call_number(nr), int(ret))))
    return threads


# What is computed from a list of events.

class Spans:
    """Intervals between pairs of events: how long, and between which two."""
    def __init__(self):
        self.times, self.ends = [], []

    def add(self, events, first, last):
        self.times.append(events[last].ns - events[first].ns)
        self.ends.append((first, last))

    def mean(self):
        return sum(self.times) / len(self.times)

    def tolerances(self, distances):
        """The tolerance of each."""
        return [abs(distances[first]) + abs(distances[last]) + CLOCK_NS for first, last in self.ends]

    def compare(self, other, distances, message):
        """Compare with the other recorder's, one by one; returns the tolerances of mean, minimum and maximum."""
        expect(self.ends == other.ends, "%s: between other events" % message)
        tolerances = self.tolerances(distances)
        for ours, theirs, tolerance in zip(self.times, other.times, tolerances):
            near(message, ours, theirs, tolerance)
        # The longest interval of one is, within its tolerance, at least as long as the same interval of the other.
        of_extreme = [max(tolerances[spans.times.index(extreme(spans.times))] for spans in (self, other))
                      for extreme in (min, max)]
        return sum(tolerances) / len(tolerances), *of_extreme


Waits = collections.namedtuple("Waits", "delays on_cpu runtime switches preempted")


def waits(events, preempted_waits=True):
    """How long a thread waited for a CPU, each time, and what it did on it. perf before 6.9 does not see that a thread
    which is preempted (R+) waits: preempted_waits=False."""
    state, since, delays, on_cpu, runtime, switches, preempted = None, 0, Spans(), Spans(), 0, 0, 0
    for i, (_, what) in enumerate(events):
        if what[0] == "out":
            runnable = what[1] in ("R", "R+")
            if state == "runs":
                on_cpu.add(events, since, i)
            preempted += runnable
            state, since = "waits" if what[1] == "R" or runnable and preempted_waits else "sleeps", i
        elif what[0] == "in":
            switches += 1
            if state == "waits":
                delays.add(events, since, i)
            state, since = "runs", i
        elif what[0] == "sched_stat_runtime":
            runtime += what[1]
        elif what[0].startswith("sched_wakeup") and state not in ("runs", "waits"):
            state, since = "waits", i
    return Waits(delays, on_cpu, runtime, switches, preempted)


class Calls(Spans):
    errors = 0


def calls(events):
    """How long a thread's system calls took, by number."""
    begun, seen = None, collections.defaultdict(Calls)
    for i, (_, what) in enumerate(events):
        if what[0] == "sys_enter":
            begun = i
        elif what[0] == "sys_exit" and begun is not None and events[begun].what[1] == what[1]:
            seen[what[1]].add(events, begun, i)
            seen[what[1]].errors += -4096 < what[2] < 0
            begun = None
    return seen


class Run:
    """Everything; perf's tables are read where they are needed."""
    def __init__(self, path):
        self.path = path
        with open(path + "/workload.txt", encoding="utf-8") as f:
            self.tasks = {int(pid): name for name, pid in (line.split() for line in f)}
        # Both recorders have the whole life of each task.
        self.ours, self.theirs = read_exptrace(path + "/dump.json"), read_perf(path + "/script.txt")
        with open(path + "/report.json", encoding="utf-8") as f:
            self.report = json.load(f)

    def text(self, name):
        with open(self.path + "/" + name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def distances(self, key):
        """Difference between exptrace's time of an event and perf's."""
        return [b.ns - a.ns for a, b in zip(self.ours[key], self.theirs[key])]


def first_difference(ours, theirs):
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a.what != b.what:
            return "event %d at %d ns: %s, perf has %s" % (i, a.ns, a.what, b.what)
    return "event %d: %s" % (len(theirs), ours[len(theirs):len(theirs) + 1] or "is missing")


def is_part_of(theirs, ours):
    """Does leaving out some of our events give theirs?"""
    rest = iter(ours)
    return all(any(b.what == a.what for a in rest) for b in theirs)


def compare_events(run):
    everything, missed = [], 0
    for pid, family in [(pid, family) for pid in run.tasks for family in (SCHED, CALLS)]:
        name, ours, theirs = run.tasks[pid], run.ours[pid, family], run.theirs[pid, family]
        if len(ours) > len(theirs) and is_part_of(theirs, ours):
            missed += len(ours) - len(theirs)
            print("%s: perf has missed something; %s" % (name, first_difference(ours, theirs)))
            continue
        if [e.what for e in ours] != [e.what for e in theirs]:
            failures.append("%s: %d events, perf has %d; %s" %
                            (name, len(ours), len(theirs), first_difference(ours, theirs)))
            continue
        expect(family == CALLS or ours and ours[0].what[0] == "sched_wakeup_new" and ours[-1].what[0] == "out" and
               ours[-1].what[1] in ("X", "Z"), "%s: not its whole life" % name)
        for i, distance in enumerate(run.distances((pid, family))):
            everything.append(distance)
            expect(distance >= -CLOCK_NS, "%s, event %d: perf's time is %d ns before ours" % (name, i, -distance))
            expect(i + 1 == len(ours) or theirs[i].ns <= ours[i + 1].ns + CLOCK_NS,
                   "%s, event %d: perf's time is after that of the next event" % (name, i))
    everything.sort()
    least, half, most_of, most = (everything[int(q * (len(everything) - 1))] for q in (0, 0.5, 0.99, 1))
    expect(half <= PROBE_NS, "more than %d ns between the times of half of the events" % PROBE_NS)
    print("%d events; perf's time is after ours %d ns at least, half up to %d, 99 %% up to %d, all up to %d" %
          (len(everything), least, half, most_of, most))
    if missed and not failures:
        sys.exit(MISSED)


def milliseconds(text):
    """In nanoseconds."""
    return float(text) * 1e6


def read_sched_latency(text):
    """By pid: runtime, count, average, maximum."""
    row = re.compile(r"^\s+\S.*:(\d+)\s+\|\s+([\d.]+) ms \|\s+(\d+) \| avg:\s+([\d.]+) ms \| max:\s+([\d.]+) ms \|",
                     re.M)
    return {int(pid): (milliseconds(runtime), int(count), milliseconds(avg), milliseconds(most))
            for pid, runtime, count, avg, most in row.findall(text)}


def compare_latencies(run):
    perf = read_sched_latency(run.text("sched.txt"))
    report = {task["pid"]: task for task in run.report["tasks"]}
    # The whole table shows which of the two this perf does.
    sees_preemption = all(perf[pid][1] == len(waits(run.theirs[pid, SCHED]).delays.times) for pid in run.tasks)
    direct = 0
    for pid, name in run.tasks.items():
        ours, theirs, task = waits(run.ours[pid, SCHED]), waits(run.theirs[pid, SCHED]), report[pid]
        printed = waits(run.theirs[pid, SCHED], sees_preemption).delays
        runtime, count, average, most = perf[pid]
        # perf's table follows from perf's events, and report's from ours.
        expect(count == len(printed.times), "%s: perf sched latency has %d delays, its events %d" %
               (name, count, len(printed.times)))
        near("%s, perf's own average" % name, printed.mean(), average, DIGIT_NS + 1)
        near("%s, perf's own maximum" % name, max(printed.times), most, DIGIT_NS + 1)
        near("%s, perf's own run time" % name, theirs.runtime, runtime, DIGIT_NS + 1)
        latency = task["latency"]
        expect((latency["count"], latency["sum_ns"], latency["max_ns"]) ==
               (len(ours.delays.times), sum(ours.delays.times), max(ours.delays.times)),
               "%s: report's latencies are not those of the events" % name)
        expect((task["on_cpu_ns"], task["switches"], task["preempted"]) ==
               (sum(ours.on_cpu.times), ours.switches, ours.preempted),
               "%s: report's times are not those of the events" % name)
        # And they agree.
        distances, mean = run.distances((pid, SCHED)), latency["sum_ns"] / latency["count"]
        of_mean, _, of_max = ours.delays.compare(theirs.delays, distances, "%s, a delay" % name)
        ours.on_cpu.compare(theirs.on_cpu, distances, "%s, a time on the CPU" % name)
        expect((ours.switches, ours.preempted, ours.runtime) == (theirs.switches, theirs.preempted, theirs.runtime),
               "%s: other numbers than perf's" % name)
        if count == latency["count"]:
            direct += 1
            near("%s, average delay" % name, mean, average, of_mean + DIGIT_NS)
            near("%s, longest delay" % name, latency["max_ns"], most, of_max + DIGIT_NS)
        print("%-12s %3d delays, perf %3d; average %8.1f us, perf %8.1f +- %.1f; longest %8.1f, perf %8.1f +- %.1f%s" %
              (name, latency["count"], count, mean / 1e3, average / 1e3, (of_mean + DIGIT_NS) / 1e3,
               latency["max_ns"] / 1e3, most / 1e3, (of_max + DIGIT_NS) / 1e3,
               "" if count == latency["count"] else " (this perf does not count who was preempted)"))
    expect(direct, "no task's delays can be compared with perf's directly")


def read_trace_summary(text):
    """By (pid, name): calls, errors, total, minimum, average, maximum."""
    pid, rows = None, {}
    for line in text.splitlines():
        head = re.match(r"\s*\S.* \((\d+)\), \d+ events", line)
        row = re.match(r"\s+(\w+)\s+(\d+)\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+[\d.]+%", line)
        if head:
            pid = int(head.group(1))
        elif row and pid:
            rows[pid, row.group(1)] = (int(row.group(2)), int(row.group(3)), *map(milliseconds, row.groups()[3:]))
    return rows


# A line of perf's summary, which is rounded; what is computed from its events is exact.
Row = collections.namedtuple("Row", "count errors total least average most digit")


def row_of(seen, printed, described, name):
    """A thread's calls in perf's summary or, if the summary is missing for a good reason, in perf's events."""
    if printed:
        near("%s, perf's own sum" % name, sum(seen.times), printed[2], DIGIT_NS + 1)
        return Row(*printed, DIGIT_NS)
    expect(not described, "%s: perf trace -s has no line of it" % name)
    print("%s: has no tracepoint of its own here, so perf trace -s has no line of it; compared with perf's events" % name)
    return Row(len(seen.times), seen.errors, sum(seen.times), min(seen.times), seen.mean(), max(seen.times), 0)


def compare_syscalls(run):
    perf, described = read_trace_summary(run.text("trace.txt")), run.text("described.txt").split()
    report = {call["number"]: call for call in run.report["syscalls"]}
    compared = 0
    for pid, task in run.tasks.items():
        theirs = calls(run.theirs[pid, CALLS])
        for nr, ours in calls(run.ours[pid, CALLS]).items():
            call, name = report[nr], "%s, %s" % (task, report[nr]["name"])
            count, errors, total, least, average, most, digit = row_of(
                theirs[nr], perf.get((pid, call["name"])), call["name"] in described, name)
            expect((call["count"], call["errors"], call["sum_ns"], call["min_ns"], call["max_ns"]) ==
                   (len(ours.times), ours.errors, sum(ours.times), min(ours.times), max(ours.times)),
                   "%s: report's times are not those of the events" % name)
            expect((count, errors) == (call["count"], call["errors"]), "%s: %d calls, %d errors; perf has %d, %d" %
                   (name, call["count"], call["errors"], count, errors))
            of_mean, of_min, of_max = ours.compare(theirs[nr], run.distances((pid, CALLS)), name)
            for what, here, there, tolerance in (("sum", call["sum_ns"], total, of_mean * count),
                                                 ("average", call["sum_ns"] / call["count"], average, of_mean),
                                                 ("shortest", call["min_ns"], least, of_min),
                                                 ("longest", call["max_ns"], most, of_max)):
                near("%s, %s" % (name, what), here, there, tolerance + digit)
                print("%-27s %4d calls, %4d errors; %-8s %9.1f us, perf %9.1f +- %.1f" %
                      (name, count, errors, what, here / 1e3, there / 1e3, (tolerance + digit) / 1e3))
            compared += 1
    expect(compared == 4, "%d system calls were compared, not 4" % compared)


def main(path, what):
    {"events": compare_events, "latencies": compare_latencies, "syscalls": compare_syscalls}[what](Run(path))
    for message in failures[:20]:
        print(message)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main(*sys.argv[1:])
