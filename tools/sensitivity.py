#!/usr/bin/env python3
"""How much every figure of a hardware profile moves the gain of MAS over FLAT.

Each figure of the chosen sources is changed by a factor in both directions, one figure at a time
(whole numbers are rounded to the nearest other whole number), and switches are turned to their other
values. For every changed profile the program finds the best tilings of the suite for `mas`,
double-buffered `flat` and serial `flat` (FLAT as published) anew, and the geometric means of the
ratios in cycles are printed as a Markdown table.

    tools/sensitivity.py --program build/release/cli/tilewright

Needs Python 3.9 or newer and nothing else. Modified profiles go to a temporary folder.
"""

import argparse
import concurrent.futures
import csv
import io
import math
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENTRY = re.compile(r"^(\s*)([a-z0-9_]+):\s*(.*?)\s*$")
INLINE = re.compile(r"^\{value:\s*(\[[^\]]*\]|[^,}]*)\s*,.*?source:\s*([a-z]+)")
NUMBER = re.compile(r"^[0-9]+(\.[0-9]+)?$")
VECTOR_COSTS = "vector.cycles_per_element."

# Switches and what else they could be.
ALTERNATIVES = {
    "matrix.stationary": ["[output]", "[left]", "[right]"],
    "memory.dram.shared_channel": ["true", "false"],
    "memory.l1.shared": ["true", "false"],
}


class Figure:
    """One `key: {value: ..., source: ...}` of a profile, and where its value stands in the text."""

    def __init__(self, key):
        self.key = key
        self.value = ""
        self.source = ""
        self.line = -1


def read_figures(lines):
    """The figures of a profile, in order. Knows only the two ways in which profiles write them."""
    figures = {}
    path = []  # (indentation, key) of the maps that are open
    for number, line in enumerate(lines):
        entry = ENTRY.match(line)
        if not entry:
            continue
        indent, key, rest = len(entry[1]), entry[2], entry[3]
        while path and path[-1][0] >= indent:
            path.pop()
        inline = INLINE.match(rest)
        if inline:
            figure = Figure(".".join([k for _, k in path] + [key]))
            figure.value, figure.source, figure.line = inline[1].strip(), inline[2], number
            figures[figure.key] = figure
        elif key in ("value", "source") and path:
            name = ".".join(k for _, k in path)
            figure = figures.setdefault(name, Figure(name))
            if key == "value":
                figure.value, figure.line = rest, number
            else:
                figure.source = rest.split()[0]
        if not rest:
            path.append((indent, key))
    return [f for f in figures.values() if f.line >= 0]


def with_values(lines, changes):
    """The text of the profile with the values of some figures replaced."""
    changed = list(lines)
    for figure, value in changes:
        old = changed[figure.line]
        new = old.replace(f"value: {figure.value}", f"value: {value}", 1)
        if new == old:
            raise SystemExit(f"cannot change {figure.key} in line {figure.line + 1}")
        changed[figure.line] = new
    return "\n".join(changed) + "\n"


def scaled(figure, factor):
    """The value times the factor in the steps that the profile format allows; None if unchanged."""
    if figure.key.endswith("_kib"):
        kib = round(float(figure.value) * factor * 16) / 16
        return f"{kib:.4f}".rstrip("0").rstrip(".")
    fraction = any(part in figure.key for part in ("cycles_per_", "_pj", "_mw", "_gbps", "_ghz"))
    if fraction and "bytes_per_cycle" not in figure.key:
        return f"{float(figure.value) * factor:.3f}".rstrip("0").rstrip(".")
    value = max(1, round(int(figure.value) * factor)) if int(figure.value) else 0
    return None if str(value) == figure.value else str(value)


class Study:
    def __init__(self, options):
        self.options = options

    def cycles(self, hw, schedules, *more):
        """Cycles by (workload, schedule); None for what does not fit."""
        command = [self.options.program, "compare", "--hw", str(hw), "--workload",
                   self.options.workload, "--schedules", schedules, "--format", "csv", "--quiet",
                   "--threads", "1", *more]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(command)}\n{run.stderr}")
        return {(row["workload"], row["schedule"]): int(row["cycles"]) if row["cycles"] else None
                for row in csv.DictReader(io.StringIO(run.stdout))}

    def means(self, hw):
        """Geometric means of serial FLAT / MAS and of double-buffered FLAT / MAS."""
        best = self.cycles(hw, "flat,mas")
        serial = self.cycles(hw, "flat", "--as-published")
        return (self.mean(serial, best), self.mean(best, best))

    @staticmethod
    def mean(flat, mas):
        logs = [math.log(flat[name, "flat"] / cycles)
                for (name, schedule), cycles in mas.items()
                if schedule == "mas" and cycles and flat[name, "flat"]]
        return math.exp(sum(logs) / len(logs)) if logs else math.nan

    def means_of_text(self, folder, number, text):
        path = pathlib.Path(folder) / f"changed-{number}.yaml"
        path.write_text(text, encoding="utf-8")
        return self.means(path)


def planned(figures, change):
    """Rows of the table: (name, value now, [(label, changes)])."""
    rows = []
    for figure in figures:
        if figure.key in ALTERNATIVES:
            others = [v for v in ALTERNATIVES[figure.key] if v != figure.value]
            rows.append((figure.key, figure.value, [(v, [(figure, v)]) for v in others]))
        elif NUMBER.match(figure.value):
            cases = []
            for factor in (1 - change, 1 + change):
                value = scaled(figure, factor)
                if value is not None:
                    cases.append((value, [(figure, value)]))
            rows.append((figure.key, figure.value, cases))
    costs = [f for f in figures if f.key.startswith(VECTOR_COSTS)]
    if costs:
        rows.append((VECTOR_COSTS + "* together", "",
                     [(f"x {factor:g}", [(f, scaled(f, factor)) for f in costs])
                      for factor in (1 - change, 1 + change)]))
    return rows


def percents(moves):
    if all(abs(move) < 0.005 for move in moves):
        return "0"
    return " / ".join(f"{move:+.2f} %" for move in moves)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(ROOT / "build/release/cli/tilewright"))
    parser.add_argument("--profile", default=str(ROOT / "hw_profiles/mas-edge.yaml"))
    parser.add_argument("--workload", default="mas12")
    parser.add_argument("--sources", default="assumed",
                        help="figures of these sources, with commas (default: assumed)")
    parser.add_argument("--change", type=float, default=0.2, help="by what part (default: 0.2)")
    parser.add_argument("--jobs", type=int, default=2, help="profiles at once (default: 2)")
    options = parser.parse_args()

    lines = pathlib.Path(options.profile).read_text(encoding="utf-8").splitlines()
    sources = options.sources.split(",")
    figures = [f for f in read_figures(lines) if f.source in sources]
    rows = planned(figures, options.change)
    study = Study(options)
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        base = pool.submit(study.means_of_text, folder, "base", with_values(lines, []))
        cases = [(name, now, [(label, pool.submit(study.means_of_text, folder, f"{i}-{j}",
                                                  with_values(lines, changes)))
                              for j, (label, changes) in enumerate(variants)])
                 for i, (name, now, variants) in enumerate(rows) if variants]
        serial, double = base.result()
        print(f"As it is: MAS / serial FLAT {serial:.4f}, MAS / double-buffered FLAT {double:.4f}.\n")
        print("| figure | value | changed to | MAS / serial FLAT moves by "
              "| MAS / double-buffered FLAT moves by |")
        print("| --- | --- | --- | --- | --- |")
        for name, now, variants in cases:
            moved = [future.result() for _, future in variants]
            print(f"| `{name}` | {now} | {' / '.join(label for label, _ in variants)} "
                  f"| {percents([100 * (s / serial - 1) for s, _ in moved])} "
                  f"| {percents([100 * (d / double - 1) for _, d in moved])} |", flush=True)
    unmoved = [f"`{name}` ({now})" for name, now, variants in rows if not variants]
    if unmoved:
        print(f"\nNot changed, as {100 * options.change:g} % of it is nothing: {', '.join(unmoved)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
