#!/usr/bin/env python3
"""The best cycles of every mas12 network on mas-edge have not changed unnoticed.

golden_test.py PATH_OF_TILEWRIGHT           compares with mas12-mas-edge.csv beside this file
golden_test.py PATH_OF_TILEWRIGHT --write   writes the file anew, after a change that is meant
"""

import csv
import io
import pathlib
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).with_name("mas12-mas-edge.csv")
ROWS = (("flat-serial", "flat", True), ("flat-double-buffered", "flat", False),
        ("mas", "mas", False), ("flash2", "flash2", False), ("flash3", "flash3", False))


def best_cycles(program):
    """[network, schedule, cycles] of every proven optimum."""
    table = []
    for name, schedule, as_published in ROWS:
        command = [program, "tune", "--hw", "mas-edge", "--workload", "mas12", "--schedule",
                   schedule, "--format", "csv", "--quiet"]
        done = subprocess.run(command + ["--as-published"] * as_published, capture_output=True,
                              text=True, check=True, timeout=300)
        for row in csv.DictReader(io.StringIO(done.stdout)):
            if row["optimal"] != "proven":
                sys.exit(f"{row['workload']}, {name}: not proven")
            table.append([row["workload"], name, row["cycles"]])
    return table


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--write"]):
        sys.exit(__doc__)
    table = best_cycles(sys.argv[1])
    if sys.argv[2:]:
        with GOLDEN.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(
                [["workload", "schedule", "cycles"], *table])
        return
    with GOLDEN.open(encoding="utf-8") as file:
        expected = [list(row.values()) for row in csv.DictReader(file)]
    for want, have in zip(expected, table):
        if want != have:
            print(f"expected {' '.join(want)}, found {' '.join(have)}")
    sys.exit(0 if expected == table else 1)


if __name__ == "__main__":
    main()
