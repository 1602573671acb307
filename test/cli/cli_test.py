#!/usr/bin/env python3
"""Runs the tilewright program as users and scripts do. Usage: cli_test.py PATH_OF_TILEWRIGHT"""

import json
import re
import signal
import subprocess
import time

import program_case
from program_case import COMPARE, EVALUATE, ROOT, TUNE, CommandLineTest, workload_yaml


class HelpTest(CommandLineTest):
    def test_help_works_at_every_level(self):
        self.assertIn("compare", self.succeed("--help"))
        for command in ("tune", "compare", "evaluate", "replay", "bench-search", "import", "validate",
                        "list"):
            text = self.succeed(command, "--help")
            self.assertIn("Examples:", text)
            self.assertIn(f"tilewright {command}", text)

    def test_help_is_no_file(self):
        self.assertIn("FILE", self.succeed("validate", "--help"))

    def test_version_is_one_line(self):
        self.assertRegex(self.succeed("--version"), r"\Atilewright \d+\.\d+\.\d+\S*\n\Z")

    def test_without_a_command_the_help_comes_and_the_status_is_2(self):
        done = self.run_program()
        self.assertEqual(done.returncode, 2)
        self.assertIn("Usage: tilewright", done.stdout)


class UsageTest(CommandLineTest):
    def test_misspelt_command_and_option_get_a_suggestion(self):
        self.fails(2, "tun", says=["did you mean 'tune'"])
        self.fails(2, "tune", "--shedule", "mas", says=["did you mean '--schedule'"])

    def test_missing_and_repeated_options_are_named(self):
        self.fails(2, "tune", "--hw", "mas-edge", says=["is required"])
        self.fails(2, *TUNE, "--hw", "mas-edge", says=["--hw", "more than once"])
        self.fails(2, *TUNE, "--seed", says=["--seed", "missing"])
        self.fails(2, *TUNE, "surplus", says=["'surplus'"])

    def test_unknown_names_get_a_suggestion(self):
        self.fails(2, *TUNE[:-1], "mass", says=["--schedule", "did you mean 'mas'"])
        self.fails(2, *TUNE, "--strategy", "prune", says=["did you mean 'pruned'"])
        self.fails(2, *TUNE, "--objective", "latencey", says=["did you mean 'latency'"])
        self.fails(2, *TUNE, "--tile-sizes", "divisor", says=["did you mean 'divisors'"])
        self.fails(2, *TUNE, "--format", "yml", says=["did you mean 'yaml'"])
        self.fails(2, *COMPARE[:-1], "flat,mass", says=["--schedules", "did you mean 'mas'"])
        self.fails(2, "list", "hww", says=["did you mean 'hw'"])
        self.fails(2, "tune", "--hw", "mas-egde", *TUNE[3:], says=["mas-edge"])
        self.fails(2, *TUNE[:3], "--workload", "bert-bsae", *TUNE[5:], says=["bert-base"])

    def test_numbers_out_of_range_are_refused_with_the_range(self):
        for value in ("0", "-1", "1e9", "1000000000", "two", ""):
            self.fails(2, *TUNE, f"--threads={value or 'x'}", says=["--threads", "from 1 to 1024"])
        for value in ("nan", "inf", "-1", "0", "1e999", "soon"):
            self.fails(2, *TUNE, f"--time-limit={value}", says=["--time-limit", "above 0"])
        for value in ("0", "-5", "9223372036854775808", "1.5"):
            self.fails(2, *TUNE, f"--max-evals={value}", says=["--max-evals", "from 1 to"])
        for value in ("-1", "18446744073709551616", "x"):
            self.fails(2, *TUNE, f"--seed={value}", says=["--seed", "from 0 to"])

    def test_bad_pins_and_factors_are_refused(self):
        self.fails(2, *TUNE, "--pin", "q_row=8", says=["q_rows"])
        self.fails(2, *TUNE, "--pin", "q_rows")
        self.fails(2, *TUNE, "--pin", "q_rows=0")
        self.fails(2, *TUNE, "--pin", "q_rows=many")
        self.fails(2, *TUNE, "--pin", "q_rows=8", "--pin", "q_rows=9", says=["q_rows", "twice"])
        self.fails(2, *EVALUATE, "--tiling", "q_rows=8", "--pin", "q_rows=9", says=["twice"])

    def test_the_baseline_must_be_compared(self):
        self.fails(2, *COMPARE, "--baseline", "layerwise", says=["expected one of flat, mas"])
        self.fails(2, *COMPARE[:-1], "flat,flat", says=["'flat' is given twice"])
        self.fails(2, *COMPARE[:-1], "flat,,mas", says=["empty name"])

    def test_a_graph_needs_one_workload(self):
        graph = self.folder / "graph.graphml"
        suite = ["evaluate", "--hw", "mas-edge", "--workload", "mas12", "--schedule", "flat"]
        self.fails(2, *suite, "--tiling", "q_rows=8", "--graph", graph, says=["12"])
        self.assertFalse(graph.exists())


class InputFileTest(CommandLineTest):
    def tune_workload(self, path):
        return ["tune", "--hw", "mas-edge", "--workload", path, "--schedule", "mas"]

    def test_missing_file_folder_and_empty_file(self):
        self.fails(2, *self.tune_workload(self.folder / "none.yaml"), says=["none.yaml"])
        self.fails(2, *self.tune_workload(f"{self.folder}/"), says=["directory"])
        self.fails(2, *self.tune_workload(self.file("empty.yaml", "")), says=["empty"])

    def test_a_typo_in_a_key_names_file_line_and_key(self):
        path = self.file("typo.yaml", workload_yaml(haeds=3))
        self.fails(2, *self.tune_workload(path), says=["typo.yaml:", "haeds", "heads"])

    def test_zero_and_huge_shapes_are_refused(self):
        path = self.file("zero.yaml", workload_yaml(q_len=0))
        self.fails(2, *self.tune_workload(path), says=["zero.yaml:", "q_len"])
        for length in (2**62, 2**63, 10**30):
            path = self.file("huge.yaml", workload_yaml(q_len=length))
            self.fails(2, *self.tune_workload(path), says=["huge.yaml"])

    def test_a_refused_workload_is_named_with_file_and_line_before_any_search(self):
        text = workload_yaml() + "  - {name: later, heads: 1, q_len: 8, qk_dim: 8, mask: causal}\n"
        path = self.file("mask.yaml", text)
        tiled = ["--hw", "mas-edge", "--workload", path, "--schedule", "layerwise",
                 "--variant", "tiled"]
        for command in (["tune", *tiled], ["evaluate", *tiled, "--tiling", "q_rows=8"]):
            done = self.fails(2, *command, says=["mask.yaml:9: ", "'later'", "mask: none"])
            self.assertEqual(done.stdout, "")

    def test_overwrite_says_with_which_shapes_it_does_not_go(self):
        for key, word in (("v_in_k", "v_in_k: false"), ("bias_bytes", "no bias_bytes")):
            path = self.file("shape.yaml", workload_yaml(**{key: "true" if key == "v_in_k" else 2}))
            self.fails(2, "tune", "--hw", "mas-edge", "--workload", path, "--schedule", "mas",
                       "--pin", "overwrite=k", says=["no legal tiling", word])

    def test_the_wrong_kind_of_file_is_named(self):
        path = ROOT / "hw_profiles" / "mas-edge.yaml"
        self.fails(2, *self.tune_workload(path), says=["schema", "tilewright/workload/v1"])


class NoTilingTest(CommandLineTest):
    def test_a_machine_on_which_nothing_fits_gives_the_shortfall(self):
        path = self.profile("capacity_kib: {value: 5120", "capacity_kib: {value: 1")
        arguments = ["tune", "--hw", path, *TUNE[3:]]
        done = self.fails(1, *arguments, says=["nothing fits", "short by", "largest slot"])
        need, have, short = (
            int(n.replace(",", ""))
            for n in re.search(
                r"needs ([\d,]+) bytes of .* has ([\d,]+), short by ([\d,]+)", done.stderr
            ).groups()
        )
        self.assertEqual((have, need - have), (1024, short))
        self.assertEqual(done.stdout, "")

        done = self.run_program(*arguments, "--format", "json")
        self.assertEqual(done.returncode, 1)
        result = json.loads(done.stdout)
        self.assertIs(result["feasible"], False)
        self.assertNotIn("tiling", result)
        self.assertEqual(result["shortfall"]["short_bytes"], short)

    def test_scores_that_do_not_fit_the_array_are_named(self):
        pins = ["--pin", "kv_cols=512", "--pin", "q_rows=512"]
        path = self.folder / "machine.yaml"
        text = (ROOT / "hw_profiles" / "fusemax.yaml").read_text()
        path.write_text(text.replace("accumulator_kib: {value: 1280", "accumulator_kib: {value: 512"))
        self.fails(1, "tune", "--hw", path, "--workload", "bert-base", "--schedule", "fusemax", *pins,
                   says=["nothing fits", "L0 accumulator", "short by"])

    def test_compare_prints_the_rows_that_do_not_fit(self):
        path = self.profile("capacity_kib: {value: 5120", "capacity_kib: {value: 1")
        done = self.run_program("compare", "--hw", path, *COMPARE[3:])
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^\s+mas +nothing fits: short by [\d,]+ bytes of L1$")
        self.assertNotIn("largest slot", done.stdout)
        self.assertEqual(done.stderr.count("largest slot"), 2)


class EvaluateTest(CommandLineTest):
    def test_the_reference_equals_the_analytic_model(self):
        for schedule in ("layerwise", "flat", "mas", "flash2", "flash3"):
            arguments = [*EVALUATE[:-1], schedule, "--tiling", "q_rows=64,kv_cols=64"]
            text = self.succeed(*arguments, "--reference", "--format", "json")
            result = json.loads(text)
            self.assertEqual(result["reference"]["cycles"], result["cost"]["cycles"])

    def test_given_factors_stay_and_the_others_are_chosen(self):
        arguments = [*EVALUATE, "--tiling", "q_rows=60,kv_cols=50"]
        tiling = json.loads(self.succeed(*arguments, "--format", "json"))["tiling"]
        self.assertEqual((tiling["q_rows"], tiling["kv_cols"]), (60, 50))
        text = self.succeed(*arguments)
        self.assertRegex(text, r"given +q_rows=60,kv_cols=50\n")
        self.assertRegex(text, r"chosen +heads=\d+,")

    def test_an_l0_tile_that_is_cut_to_its_matmul_is_noted(self):
        arguments = [*EVALUATE, "--tiling", "q_rows=16,kv_cols=16,l0.qk=64x16x64,l0.pv=8x8x8"]
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "tilewright: note: vit-b-16 on mas-edge, schedule flat "
                         "(double-buffered): l0.qk=64x16x64 is cut to the size of its matmul, "
                         "16x16x64\n")
        self.assertIn("l0.qk=16x16x64", done.stdout)
        self.succeed(*EVALUATE, "--tiling", "q_rows=16,kv_cols=16,l0.qk=016x16x64")
        done = self.run_program(*TUNE, "--pin", "l0.pv=4096x64x64", "--format", "json")
        self.assertEqual(done.stderr.count("note: "), 1)
        self.assertLess(json.loads(done.stdout)["tiling"]["l0"]["pv"][0], 4096)

    def test_a_result_file_gives_its_tiling(self):
        path = self.folder / "results.yaml"
        self.succeed(*COMPARE, "--as-published", "-o", path)
        for schedule, variant in (("flat", "serial"), ("mas", None)):
            result = json.loads(self.succeed(
                "evaluate", "--hw", "mas-edge", "--workload", "bert-base", "--schedule", schedule,
                "--tiling", f"@{path}", "--format", "json"))
            self.assertIn(f"cycles: {result['cost']['cycles']}\n", path.read_text())
            self.assertEqual(result["variant"], variant or result["variant"])
        self.fails(2, *EVALUATE, "--tiling", f"@{path}", says=["no result of workload 'vit-b-16'"])
        self.fails(2, *EVALUATE, "--tiling", "@none.yaml", says=["none.yaml"])

    def test_the_graph_is_written(self):
        path = self.folder / "graph.graphml"
        self.succeed(*EVALUATE, "--tiling", "q_rows=64", "--reference", "--graph", path)
        self.assertIn("<graphml", path.read_text())


class InterruptTest(CommandLineTest):
    def interrupt(self, number):
        workload = self.file("long.yaml", workload_yaml(heads=8, q_len=65536, qk_dim=64))
        path = self.folder / "r.json"
        program = subprocess.Popen(
            [program_case.PROGRAM, "tune", "--hw", "mas-edge", "--workload", workload,
             "--schedule", "flat", "--strategy", "exhaustive", "-o", path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        self.assertIsNone(program.poll(), "ended before it could be interrupted")
        program.send_signal(number)
        _, errors = program.communicate(timeout=60)
        self.assertEqual(program.returncode, 130, errors)
        self.assertIn("interrupted", errors)
        result = json.loads(path.read_text())
        self.assertIs(result["interrupted"], True)
        self.assertNotEqual(result.get("optimal"), "proven")
        self.succeed("validate", path)

    def test_ctrl_c_writes_what_was_found(self):
        self.interrupt(signal.SIGINT)

    def test_termination_writes_what_was_found(self):
        self.interrupt(signal.SIGTERM)


class ValidateAndListTest(CommandLineTest):
    def test_everything_bundled_is_valid(self):
        files = [*sorted((ROOT / "hw_profiles").glob("*.yaml")),
                 *sorted((ROOT / "workloads").glob("*.yaml"))]
        done = self.run_program("validate", *files)
        self.assertEqual(done.returncode, 0, done.stderr)
        for note in done.stderr.splitlines():
            self.assertIn(": note: ", note)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), len(files))
        for line, path in zip(lines, files):
            self.assertTrue(line.startswith(f"{path}: ok ("), line)

    def test_results_of_every_command_are_valid(self):
        for name in ("r.yaml", "r.json"):
            path = self.folder / name
            self.succeed(*COMPARE, "-o", path)
            self.assertIn("ok (2 results)", self.succeed("validate", path))
            self.succeed(*EVALUATE, "--tiling", "q_rows=8", "--reference", "-o", path)
            self.assertIn("ok (1 result)", self.succeed("validate", path))

    def test_one_bad_file_does_not_hide_the_others(self):
        good = ROOT / "workloads" / "mas12.yaml"
        typo = self.file("typo.yaml", workload_yaml(haeds=3))
        other = self.file("other.yaml", "schema: tilewright/workloads/v1\n")
        bare = self.file("bare.yaml", "name: x\n")
        done = self.run_program("validate", typo, other, bare, good)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{good}: ok", done.stdout)
        self.assertEqual(len(done.stderr.splitlines()), 3)
        self.assertIn("did you mean 'tilewright/workload/v1'", done.stderr)
        self.assertIn("schema: missing", done.stderr)

    def test_a_changed_result_is_refused(self):
        path = self.folder / "r.yaml"
        self.succeed(*TUNE, "-o", path)
        path.write_text(path.read_text().replace("q_rows:", "q_row:"))
        self.fails(2, "validate", path, says=["r.yaml:", "q_row"])

    def test_list_shows_what_there_is(self):
        self.assertIn("mas-edge", self.succeed("list", "hw"))
        self.assertIn("bert-base", self.succeed("list", "workloads"))
        for what, name in (("schedules", "mas"), ("strategies", "pruned"),
                           ("objectives", "latency")):
            self.assertRegex(self.succeed("list", what), rf"(?m)^{name} ")


if __name__ == "__main__":
    program_case.main(__doc__)
