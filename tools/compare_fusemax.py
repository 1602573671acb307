#!/usr/bin/env python3
"""Compares the model with the results of FuseMax's public artifact, row by row.

The rows (test/data/fusemax-artifact.csv) are those of its configurations Unfused and FuseMax for two
networks at six lengths. `layerwise` (tiled) is searched over powers of two; `fusemax` has the artifact's own
tiles: 256 columns, and at most 32,768 query rows for BERT and 16,384 for XLM. The last column is the
best of two searches, over powers of two and (for at most 5 s) over all integer tiles. With --check, exits with 1 if a latency, or the traffic of
fusemax, is more than 1 % away.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).resolve().parent.parent / "test" / "data" / "fusemax-artifact.csv"
LIMIT = 0.01
MOST_ROWS = {"BERT": 32768, "XLM": 16384}
ARRAY_SIDE = 256
SEARCHES = (["--tile-sizes", "pow2"], ["--time-limit", "5"])


def tune(program, folder, row, arguments):
    """The cost of the best tiling of a row's layer."""
    layer = {"name": "layer", "batch": int(row["batch"]), "heads": int(row["heads"]), "q_len": int(row["seq_len"]),
             "qk_dim": int(row["head_dim"]), "bytes": {"accumulator": 2}}
    suite = pathlib.Path(folder) / "layer.yaml"
    suite.write_text(json.dumps({"schema": "tilewright/workload/v1", "name": "layer", "workloads": [layer]}))
    command = [program, "tune", "--hw", "fusemax", "--workload", str(suite), "--format", "json", "--quiet", *arguments]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    cost = result["cost"]
    return cost["latency_us"] / 1e6, cost["dram_read_bytes"] + cost["dram_write_bytes"]


def arguments_of(row):
    if row["config"] == "Unfused":
        return ["--schedule", "layerwise", "--variant", "tiled", "--tile-sizes", "pow2"]
    rows = min(int(row["seq_len"]), MOST_ROWS[row["model"]])
    return ["--schedule", "fusemax", "--pin", f"q_rows={rows}", "--pin", f"kv_cols={ARRAY_SIDE}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the program tilewright")
    parser.add_argument("--check", action="store_true", help="compare only, without searching optima")
    options = parser.parse_args()
    print("| configuration | network | tokens | artifact, s | model, s | difference | traffic, difference |"
          + ("" if options.check else " optimum, s |"))
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |" + ("" if options.check else " ---: |"))
    wrong = []
    with tempfile.TemporaryDirectory() as folder, open(DATA, newline="") as file:
        for row in csv.DictReader(file):
            seconds, traffic = tune(options.program, folder, row, arguments_of(row))
            latency = seconds / float(row["latency_s"]) - 1
            bytes_moved = traffic / int(row["dram_traffic_bytes"]) - 1
            line = (f"| {row['config']} | {row['model']} | {int(row['seq_len']):,} | {float(row['latency_s']):.6g} "
                    f"| {seconds:.6g} | {latency:+.3%} | {bytes_moved:+.3%} |")
            if not options.check:
                schedule = ["--schedule", "layerwise", "--variant", "tiled"] if row["config"] == "Unfused" else [
                    "--schedule", "fusemax"]
                best = min(tune(options.program, folder, row, [*schedule, *search])[0] for search in SEARCHES)
                line += f" {best:.6g} |"
            print(line, flush=True)
            if abs(latency) > LIMIT or (row["config"] == "FuseMax" and abs(bytes_moved) > LIMIT):
                wrong.append(line)
    if options.check and wrong:
        sys.exit("more than 1 % away:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
