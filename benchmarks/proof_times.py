#!/usr/bin/env python3
"""How long proofs take: of mas12, and over sequence lengths from 256 to 131,072.

Usage: benchmarks/proof_times.py [--program build/release/cli/tilewright] [--threads N]

Prints Markdown tables: for every schedule the median and the worst time to a proof over all integer tiles, and
the exponent of the time against the size of the space over the lengths (a least-squares line through the logarithms;
1 would be enumeration).
"""

import argparse
import csv
import io
import math
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEDULES = ["layerwise", "softpipe", "flat", "tileflow", "mas", "flash2", "flash3", "fusemax"]
LENGTHS = [256, 1024, 4096, 16384, 65536, 131072]
LIMIT_S = 30


def suite():
    """Self-attention with and without a mask over all lengths; cross attention and decode over long ones."""
    lines = ["schema: tilewright/workload/v1", "name: long", "workloads:"]
    for n in LENGTHS:
        lines.append(f"  - {{name: self-{n}, heads: 12, q_len: {n}, qk_dim: 64}}")
        lines.append(f"  - {{name: causal-{n}, heads: 12, q_len: {n}, qk_dim: 64, mask: causal}}")
    for n in LENGTHS[3:]:
        shape = f"heads: 32, kv_heads: 8, kv_len: {n}, qk_dim: 128"
        lines.append(f"  - {{name: cross-{n}, q_len: 512, {shape}}}")
        lines.append(f"  - {{name: decode-{n}, q_len: 1, {shape}}}")
    return "\n".join(lines) + "\n"


def large_machine():
    text = (ROOT / "hw_profiles/mas-edge.yaml").read_text()
    small = 'capacity_kib: {value: 5120, source: paper, note: "5 MiB"}'
    assert small in text
    return text.replace(small, "capacity_kib: {value: 262144, source: assumed}").replace(
        "name: mas-edge", "name: mas-edge-256-mib")


def searches(arguments, hw, workload, schedule):
    """Rows of the results that fit; nothing fits some shapes on some schedules (exit status 1)."""
    command = [arguments.program, "tune", "--hw", hw, "--workload", workload, "--schedule", schedule,
               "--time-limit", str(LIMIT_S), "--quiet", "--format", "csv"]
    if arguments.threads:
        command += ["--threads", str(arguments.threads)]
    text = subprocess.run([str(word) for word in command], capture_output=True, text=True).stdout
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["feasible"] == "true"]
    assert rows, command
    return rows


def milliseconds(row):
    return 1e3 * float(row["seconds"])


def exponent(rows):
    points = [(math.log(float(row["space"])), math.log(float(row["seconds"]))) for row in rows]
    mean_x, mean_y = (statistics.mean(column) for column in zip(*points))
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return over / sum((x - mean_x) ** 2 for x, _ in points)


def print_row(schedule, rows, with_exponents):
    worst = max(rows, key=milliseconds)
    proven = all(row["optimal"] == "proven" for row in rows)
    cells = [f"`{schedule}`", f"{statistics.median(map(milliseconds, rows)):.1f} ms",
             f"{milliseconds(worst):.0f} ms ({worst['workload']})",
             "all" if proven else "NOT all"]
    if with_exponents:
        for family in ("self", "causal"):
            own = [row for row in rows if row["workload"].startswith(family)]
            cells.append(f"{exponent(own):.2f}" if len(own) > 2 else "-")
    print("| " + " | ".join(cells) + " |")


def print_table(arguments, title, hw, workload, with_exponents):
    print(f"\n{title}\n\n| schedule | median | worst | proven |"
          + (" exponent, no mask | causal |" if with_exponents else ""))
    print("| --- " * (6 if with_exponents else 4) + "|")
    every = []
    for schedule in SCHEDULES:
        rows = searches(arguments, hw, workload, schedule)
        every += rows
        print_row(schedule, rows, with_exponents)
    times = list(map(milliseconds, every))
    print(f"\n{len(every)} cases: median {statistics.median(times):.1f} ms, worst {max(times):.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", default=ROOT / "build/release/cli/tilewright")
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workload = pathlib.Path(folder, "long.yaml")
        workload.write_text(suite())
        machine = pathlib.Path(folder, "large.yaml")
        machine.write_text(large_machine())
        print_table(arguments, "mas12 on mas-edge", "mas-edge", "mas12", False)
        print_table(arguments, "256 to 131,072 tokens on mas-edge", "mas-edge", workload, True)
        print_table(arguments, "the same with 256 MiB of L1", machine, workload, True)


if __name__ == "__main__":
    main()
