#!/usr/bin/env python3
"""What the program writes, where to, and what if it cannot. output_test.py PATH_OF_TILEWRIGHT"""

import csv
import io
import json
import os
import resource
import subprocess

import program_case
from program_case import (
    COMPARE, EVALUATE, TUNE, CommandLineTest, without_search_blocks, workload_yaml)


class OutputTest(CommandLineTest):
    def test_every_format_parses_and_says_the_same(self):
        result = json.loads(self.succeed(*TUNE, "--format", "json"))
        self.assertEqual(result["schema"], "tilewright/result/v1")
        yaml = self.succeed(*TUNE, "--format", "yaml")
        self.assertIn(f"\n  cycles: {result['cost']['cycles']}\n", yaml)
        self.assertIn(f"\n    qk: {json.dumps(result['tiling']['l0']['qk'])}\n", yaml)
        rows = list(csv.DictReader(io.StringIO(self.succeed(*TUNE, "--format", "csv"))))
        self.assertEqual(len(rows), 1)
        self.assertEqual(int(rows[0]["cycles"]), result["cost"]["cycles"])
        self.assertEqual(int(rows[0]["q_rows"]), result["tiling"]["q_rows"])
        self.assertIn(f"{result['cost']['cycles']:,} cycles", self.succeed(*TUNE))

    def test_a_front_has_all_its_points_in_every_format(self):
        front = [*TUNE, "--objective", "pareto:latency,l1"]
        result = json.loads(self.succeed(*front, "--format", "json"))
        points = result["front"]
        self.assertGreater(len(points), 30)
        for figure, sign in (("cycles", 1), ("l1_peak_bytes", -1)):
            values = [sign * point["cost"][figure] for point in points]
            self.assertEqual(values, sorted(set(values)))
        knees = [point for point in points if point.get("knee")]
        self.assertEqual(len(knees), 1)
        self.assertEqual(knees[0]["tiling"], result["tiling"])
        self.assertEqual(knees[0]["cost"], result["cost"])
        self.assertEqual((result["optimal"], result["gap"]), ("proven", 0))
        best = json.loads(self.succeed(*TUNE, "--format", "json"))
        self.assertEqual(points[0]["cost"]["cycles"], best["cost"]["cycles"])
        rows = list(csv.DictReader(io.StringIO(self.succeed(*front, "--format", "csv"))))
        self.assertEqual([int(row["cycles"]) for row in rows],
                         [point["cost"]["cycles"] for point in points])
        self.assertEqual([row["knee"] for row in rows].count("true"), 1)
        text = self.succeed(*front)
        self.assertIn(f"{len(points):,} points", text)
        self.assertIn("knee", text)

    def test_a_front_can_be_checked_evaluated_and_replayed_by_its_knee(self):
        path = self.folder / "front.yaml"
        self.succeed(*TUNE, "--objective", "pareto:latency,energy,l1", "-o", path)
        knee = json.loads(
            self.succeed(*TUNE, "--objective", "pareto:latency,energy,l1", "--format", "json"))
        self.succeed("validate", path)
        again = json.loads(
            self.succeed("evaluate", *TUNE[1:], "--tiling", f"@{path}", "--reference",
                         "--objective", knee["l0_objective"], "--format", "json"))
        self.assertEqual(again["cost"], knee["cost"])
        self.assertIn("all as predicted", self.succeed("replay", path))

    def test_what_has_no_front_says_so(self):
        front = ["--objective", "pareto:latency,l1"]
        self.fails(2, *COMPARE, *front, says=["--objective", "compare", "tune"])
        self.fails(2, *EVALUATE, "--tiling", "q_rows=8", *front, says=["evaluate", "tune"])
        self.fails(2, *TUNE, *front, "--strategy", "genetic", says=["genetic", "pruned"])
        self.fails(2, *TUNE, "--objective", "pareto:latency", says=["two or more"])
        self.fails(2, *TUNE, "--objective", "pareto:latency,ram", says=["'ram'", "l1"])

    def test_the_keys_stand_in_the_order_of_the_documentation(self):
        result = json.loads(self.succeed(*TUNE, "--format", "json"))
        self.assertEqual(
            list(result),
            ["schema", "tilewright", "hw", "workload", "schedule", "variant", "objective",
             "strategy", "seed", "tile_sizes", "optimal", "gap", "tiling", "cost", "search"],
        )
        self.assertEqual(
            list(result["tiling"]),
            ["heads", "q_rows", "kv_cols", "kv_resident", "buffers", "lookahead", "overwrite",
             "core_split", "l0"],
        )

    def test_the_format_of_a_file_follows_its_extension(self):
        for name, start in (("r.yaml", "schema:"), ("r.yml", "schema:"), ("r.json", "{"),
                            ("r.csv", "hw,")):
            text = self.succeed(*TUNE, "-o", self.folder / name)
            self.assertIn("cycles", text)
            self.assertTrue((self.folder / name).read_text().startswith(start))
        self.succeed(*TUNE, "-o", self.folder / "r.yaml", "--format", "json")
        json.loads((self.folder / "r.yaml").read_text())
        self.fails(2, *TUNE, "-o", self.folder / "r.txt", says=[".yaml", ".json", ".csv"])

    def test_a_dash_as_file_is_standard_output(self):
        def run(*arguments):
            done = self.run_program(*TUNE, *arguments, cwd=self.folder)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return without_search_blocks(done.stdout)

        self.assertEqual(run("-o", "-"), run("--format", "yaml"))
        self.assertEqual(run("--output=-", "--format", "csv").split(",")[0], "hw")
        self.assertIn(" at 3.75 GHz", run("-o", "-", "--format", "table"))
        self.assertEqual(os.listdir(self.folder), [])
        self.fails(2, *EVALUATE, "--tiling", "q_rows=8", "--reference", "--graph", "-",
                  says=["--graph", "expected a file"])
        run("-o", "./-", "--format", "json")
        json.loads((self.folder / "-").read_text())

    def test_compare_has_ratios_and_their_geometric_mean(self):
        suite = ["compare", "--hw", "mas-edge", "--workload", "mas12", "--schedules", "flat,mas"]
        document = json.loads(self.succeed(*suite, "--as-published", "--format", "json"))
        self.assertEqual(document["baseline"], "flat")
        self.assertEqual(len(document["results"]), 24)
        cycles = {(r["workload"], r["schedule"]): r["cost"]["cycles"] for r in document["results"]}
        product = 1.0
        for result in document["results"]:
            name, schedule = result["workload"], result["schedule"]
            ratio = cycles[name, "flat"] / cycles[name, schedule]
            self.assertAlmostEqual(result["ratio"], ratio, places=5)
            self.assertEqual(result["variant"] == "serial", schedule == "flat")
            product *= ratio if schedule == "mas" else 1
        means = {mean["schedule"]: mean["ratio"] for mean in document["geometric_mean"]}
        self.assertEqual(means["flat"], 1)
        self.assertAlmostEqual(means["mas"], product ** (1 / 12), places=4)
        table = self.succeed(*suite, "--as-published")
        self.assertIn("flat (serial)", table)
        self.assertRegex(table, r"geometric mean +flat")

    def test_threads_change_nothing_but_the_search_block(self):
        for schedule in ("flat", "mas"):
            arguments = [*TUNE[:-1], schedule, "--format", "yaml"]
            one, two = (self.succeed(*arguments, "--threads", n) for n in (1, 2))
            self.assertEqual(without_search_blocks(one), without_search_blocks(two))

    def test_quiet_says_nothing_on_standard_error(self):
        done = self.run_program(*TUNE, "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class FileTroubleTest(CommandLineTest):
    def test_a_place_that_cannot_be_written_is_refused_with_status_3(self):
        self.fails(3, *TUNE, "-o", self.folder / "none" / "r.yaml", says=["cannot write"])
        self.fails(3, *TUNE, "-o", self.folder, says=["cannot write"])
        self.fails(3, *TUNE, "-o", "/proc/r.yaml", says=["cannot write"])
        self.fails(3, *TUNE, "-o", "/dev/full", "--format", "json", says=["No space left"])
        self.fails(3, *EVALUATE, "--tiling", "q_rows=8", "--reference", "--graph",
                  self.folder / "none" / "g.graphml", says=["cannot write"])

    def test_bad_input_leaves_the_old_file_alone(self):
        path = self.file("r.yaml", "old\n")
        self.fails(2, *TUNE[:-1], "mass", "-o", path)
        self.fails(2, *TUNE, "--pin", "q_rows=0", "-o", path)
        self.assertEqual(path.read_text(), "old\n")
        self.assertEqual(os.listdir(self.folder), ["r.yaml"])

    def test_an_input_of_the_run_is_never_overwritten(self):
        machine = self.profile("name: mas-edge", "name: mine")
        workload = self.file("workload.yaml", workload_yaml())
        result = self.folder / "result.yaml"
        run = ["--hw", machine, "--workload", workload, "--schedule", "flat"]
        self.succeed("tune", *run, "-o", result)
        evaluate = ["evaluate", *run, "--tiling", f"@{result}", "--reference"]
        compare = ["compare", *run[:4], "--schedules", "flat,mas"]
        (self.folder / "link.yaml").symlink_to(workload)
        os.link(result, self.folder / "twin.yaml")
        detour = self.folder / ".." / self.folder.name / "workload.yaml"
        before = {path: path.read_text() for path in (machine, workload, result)}
        for command, option, output, input_option in (
                (["tune", *run], "-o", machine, "--hw"),
                (["tune", *run], "-o", self.folder / "link.yaml", "--workload"),
                (compare, "-o", detour, "--workload"),
                (evaluate, "-o", result, "--tiling"),
                (evaluate, "-o", self.folder / "twin.yaml", "--tiling"),
                (evaluate, "--graph", machine, "--hw")):
            self.fails(2, *command, option, output,
                      says=[f"{option}: '{output}' is also the file of {input_option}"])
        self.assertEqual({path: path.read_text() for path in before}, before)

    def test_the_graph_and_the_results_need_a_file_each(self):
        run = [*EVALUATE, "--tiling", "q_rows=8", "--reference", "--format", "json"]
        self.fails(2, *run, "-o", self.folder / "r", "--graph", f"{self.folder}/./r",
                  says=["--graph", "file of -o"])
        self.assertEqual(os.listdir(self.folder), [])
        self.succeed(*run, "-o", "/dev/null", "--graph", "/dev/null")

    def test_a_write_that_fails_leaves_the_old_file_alone(self):
        path = self.file("r.yaml", "old\n")
        done = self.run_program(
            *TUNE, "-o", path,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("cannot write", done.stderr)
        self.assertEqual(path.read_text(), "old\n")
        self.assertEqual(os.listdir(self.folder), ["r.yaml"])

    def test_full_standard_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [program_case.PROGRAM, *TUNE], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("standard output: cannot write", done.stderr)

    def test_a_reader_that_goes_away_is_no_error(self):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [program_case.PROGRAM, *TUNE], stdout=writing, stderr=subprocess.PIPE, text=True)
        os.close(writing)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    program_case.main(__doc__)
