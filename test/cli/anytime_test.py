#!/usr/bin/env python3
"""Starts, records of convergence and bench-search. anytime_test.py PATH_OF_TILEWRIGHT"""

import csv
import io
import json
import signal
import subprocess
import time

import program_case
from program_case import COMPARE, TUNE, CommandLineTest

BENCH = ["bench-search", "--hw", "mas-edge", "--workload", "bert-base", "--schedules", "flat,mas",
         "--max-evals", "600", "--time-limit", "0.01", "--seeds", "3"]
FRONT = ["--objective", "pareto:latency,l1"]
STRATEGIES = ["pruned", "exhaustive", "genetic", "mcts", "random"]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class ConvergenceTest(CommandLineTest):
    def test_the_incumbent_falls_and_the_last_row_is_the_result(self):
        for strategy in STRATEGIES:
            path = self.folder / f"{strategy}.csv"
            result = json.loads(self.succeed(
                *TUNE, "--strategy", strategy, "--max-evals", "2000", "--format", "json",
                "--convergence", path))
            rows = rows_of(path.read_text())
            self.assertEqual(list(rows[0]), ["strategy", "workload", "schedule", "seed",
                                             "evaluations", "seconds", "incumbent", "bound"])
            self.assertEqual({r["strategy"] for r in rows}, {strategy})
            found = [int(r["incumbent"]) for r in rows if r["incumbent"]]
            self.assertEqual(found, sorted(found, reverse=True))
            for row in rows:
                self.assertLessEqual(float(row["bound"]), float(row["incumbent"] or "inf"))
            last = rows[-1]
            self.assertEqual(int(last["evaluations"]), result["search"]["evaluated"])
            self.assertEqual(float(last["seconds"]), result["search"]["seconds"])
            self.assertEqual(int(last["incumbent"]), result["cost"]["cycles"])
            self.assertEqual(float(last["bound"]), result["search"]["lower_bound"])
            self.assertGreater(result["search"]["lower_bound"], 0)

    def test_compare_records_every_case(self):
        path = self.folder / "record.csv"
        self.succeed(*COMPARE, "--convergence", path)
        self.assertEqual({r["schedule"] for r in rows_of(path.read_text())}, {"flat", "mas"})

    def test_an_interrupted_search_writes_its_record(self):
        path = self.folder / "record.csv"
        search = subprocess.Popen(
            [program_case.PROGRAM, *TUNE, "--strategy", "mcts", "--time-limit", "100",
             "--convergence", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.5)
        search.send_signal(signal.SIGINT)
        search.communicate(timeout=60)
        self.assertEqual(search.returncode, 130)
        rows = rows_of(path.read_text())
        self.assertTrue(rows[-1]["incumbent"])

    def test_the_file_is_checked_before_the_search(self):
        self.fails(2, *TUNE, "--convergence", self.folder / "record.txt", says=[".csv"])
        path = self.folder / "both.csv"
        self.fails(2, *TUNE, "-o", path, "--convergence", path, says=["--convergence", "of -o"])
        self.fails(3, *TUNE, "--convergence", self.folder / "none" / "r.csv", says=["r.csv"])

    def test_slow_candidates_do_not_outlast_the_time_limit(self):
        workload = self.folder / "long.yaml"
        workload.write_text("schema: tilewright/workload/v1\nname: long\nworkloads:\n"
                            "  - {name: long, heads: 12, q_len: 131072, qk_dim: 64, mask: causal}\n")
        for objective in ["latency", "pareto:latency,l1"]:
            start = time.monotonic()
            result = json.loads(self.succeed(
                "tune", "--hw", "mas-edge", "--workload", workload, "--schedule", "fusemax",
                "--strategy", "exhaustive", "--objective", objective, "--time-limit", "0.5",
                "--format", "json"))
            # A thousand of these candidates take 20 s.
            self.assertLess(time.monotonic() - start, 10)
            self.assertLess(result["search"]["evaluated"], result["search"]["space"])

    def test_the_record_of_a_front_has_its_points_and_gap(self):
        for strategy, limit in (("pruned", ()), ("pruned", ("--max-evals", "300")),
                                ("exhaustive", ("--max-evals", "100000"))):
            path = self.folder / "front.csv"
            result = json.loads(self.succeed(*TUNE, *FRONT, "--strategy", strategy, *limit,
                                             "--format", "json", "--convergence", path))
            rows = rows_of(path.read_text())
            self.assertEqual(list(rows[0]), ["strategy", "workload", "schedule", "seed",
                                             "evaluations", "seconds", "points", "gap"])
            self.assertGreater(len(rows), 3)
            self.assertLess(len(rows), 100)
            made = [int(row["evaluations"]) for row in rows]
            self.assertEqual(made, sorted(made))
            for row in rows:
                self.assertTrue(0 <= float(row["gap"]) <= 1)
            self.assertEqual((rows[0]["evaluations"], rows[0]["points"]), ("0", "0"))
            last = rows[-1]
            self.assertEqual(int(last["evaluations"]), result["search"]["evaluated"])
            self.assertEqual(float(last["seconds"]), result["search"]["seconds"])
            self.assertEqual(int(last["points"]), len(result["front"]))
            self.assertEqual(float(last["gap"]), result["gap"])


class StartTest(CommandLineTest):
    def stored(self, *arguments):
        path = self.folder / "start.yaml"
        self.succeed(*arguments, "-o", path)
        return path

    def test_the_answer_of_a_proof_is_the_same_and_comes_with_fewer_evaluations(self):
        cold = json.loads(self.succeed(*TUNE, "--format", "json"))
        start = self.stored(*TUNE)
        warm = json.loads(self.succeed(*TUNE, "--start", start, "--format", "json"))
        self.assertEqual(warm["tiling"], cold["tiling"])
        self.assertEqual(warm["optimal"], "proven")
        self.assertLess(warm["search"]["evaluated"], cold["search"]["evaluated"])

    def test_a_limited_search_is_no_worse_than_its_start(self):
        start = self.stored(*TUNE)
        best = json.loads(self.succeed(*TUNE, "--format", "json"))
        for strategy in STRATEGIES:
            found = json.loads(self.succeed(
                *TUNE, "--strategy", strategy, "--max-evals", "1", "--start", start, "--format",
                "json"))
            self.assertEqual(found["cost"]["cycles"], best["cost"]["cycles"])

    def test_the_only_tiling_of_a_file_starts_all_and_is_adapted_with_a_note(self):
        start = self.stored(*TUNE)
        machine = self.profile("capacity_kib: {value: 5120", "capacity_kib: {value: 128")
        done = self.run_program("tune", "--hw", machine, "--workload", "bert-small", "--schedule",
                                "flat", "--start", start)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"\Atilewright: note: bert-small [^\n]*start[^\n]*\n\Z")

    def test_of_several_tilings_that_of_workload_and_schedule_is_taken(self):
        start = self.stored(*COMPARE)
        self.succeed(*COMPARE, "--start", start)
        done = self.run_program(*TUNE[:-1], "flash2", "--start", start)
        self.assertEqual(done.returncode, 0)
        self.assertIn("starts without a tiling", done.stderr)

    def test_a_front_is_the_same_with_a_start_and_a_limited_one_has_it(self):
        cold = json.loads(self.succeed(*TUNE, *FRONT, "--format", "json"))
        start = self.stored(*TUNE)
        path = self.folder / "front.csv"
        warm = json.loads(self.succeed(*TUNE, *FRONT, "--start", start, "--format", "json",
                                       "--convergence", path))
        for result in (cold, warm):
            del result["search"]
        self.assertEqual(warm, cold)
        first = rows_of(path.read_text())[0]
        self.assertEqual((first["evaluations"], first["points"]), ("0", "1"))
        best = json.loads(self.succeed(*TUNE, "--format", "json"))
        for strategy in ("pruned", "exhaustive"):
            early = json.loads(self.succeed(*TUNE, *FRONT, "--strategy", strategy, "--max-evals",
                                            "1", "--start", start, "--format", "json"))
            self.assertIn(best["tiling"], [point["tiling"] for point in early["front"]])

    def test_a_front_gives_its_knee_as_a_start(self):
        start = self.stored(*TUNE, *FRONT)
        self.succeed(*TUNE, "--start", start)
        self.succeed(*TUNE, *FRONT, "--start", start)

    def test_a_start_is_a_result_file(self):
        self.fails(2, *TUNE, "--start", self.file("no.yaml", "schema: other\n"), says=["no.yaml"])
        self.fails(2, *TUNE, "--start", self.folder / "none.yaml", says=["none.yaml"])
        start = self.stored(*TUNE)
        self.fails(2, *TUNE, "--start", start, "-o", start, says=["--start"])


class BenchSearchTest(CommandLineTest):
    def test_the_table_has_every_strategy_at_equal_evaluations_and_at_equal_time(self):
        text = self.succeed(*BENCH)
        self.assertIn("At 600 evaluations", text)
        self.assertIn("At 10 ms", text)
        for strategy in STRATEGIES:
            self.assertEqual(text.count(f"\n{strategy} "), 2, text)

    def test_the_csv_has_one_row_for_each_limit_strategy_workload_and_schedule(self):
        rows = rows_of(self.succeed(*BENCH, "--strategies", "pruned,genetic", "--format", "csv"))
        self.assertEqual(len(rows), 2 * 2 * 2)
        for row in rows:
            self.assertGreaterEqual(float(row["ratio"]), 1)
            self.assertEqual(row["seeds"], "1" if row["strategy"] == "pruned" else "3")
        path = self.folder / "bench.csv"
        self.succeed(*BENCH, "--strategies", "random", "-o", path)
        self.assertEqual(len(rows_of(path.read_text())), 4)

    def test_the_objectives_it_takes_are_named(self):
        self.fails(2, *BENCH, *FRONT,
                   says=["--objective", "latency, energy, edp, traffic", "tune"])

    def test_wrong_words_are_named(self):
        self.fails(2, *BENCH, "--strategies", "genetics", says=["did you mean 'genetic'"])
        self.fails(2, *BENCH[:-1], "0", says=["--seeds", "from 1"])
        self.fails(2, *BENCH, "--format", "yaml", says=["--format", "csv"])
        self.fails(2, *BENCH, "-o", self.folder / "bench.json", says=["-o", ".csv"])

    def test_what_does_not_fit_is_left_out_with_status_1(self):
        machine = self.profile("capacity_kib: {value: 5120", "capacity_kib: {value: 1")
        self.fails(1, "bench-search", "--hw", machine, "--workload", "bert-base", "--schedules",
                   "mas", says=["nothing fits"])

    def test_ctrl_c_writes_the_finished_cases(self):
        path = self.folder / "bench.csv"
        bench = subprocess.Popen(
            [program_case.PROGRAM, "bench-search", "--hw", "mas-edge", "--workload", "mas12",
             "--schedules", "all", "-o", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1)
        bench.send_signal(signal.SIGINT)
        bench.communicate(timeout=60)
        self.assertEqual(bench.returncode, 130)
        self.assertTrue(path.read_text().startswith("hw,limit,"))


if __name__ == "__main__":
    program_case.main(__doc__)
