#!/usr/bin/env python3
"""docs/schemas/ accept what the program accepts, and refuse what it refuses.

Usage: schema_test.py PATH_OF_TILEWRIGHT; needs python3-jsonschema and python3-yaml.
"""

import json

import jsonschema
import yaml

import program_case
from program_case import COMPARE, EVALUATE, ROOT, TUNE, CommandLineTest, workload_yaml

MACHINE = ROOT / "hw_profiles" / "mas-edge.yaml"
BUNDLED = {"hw": "hw_profiles", "workload": "workloads"}


def problems(kind, text):
    """What the JSON Schema of that kind of file says against a YAML or JSON text."""
    schema = json.loads((ROOT / f"docs/schemas/{kind}-v1.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return [problem.message
            for problem in jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(text))]


class SchemaTest(CommandLineTest):
    def refuse_both(self, kind, good, *changes):
        """`good` is accepted by schema and program; with any (old, new) change neither does."""
        self.assertEqual(problems(kind, good), [])
        self.succeed("validate", self.file("good.yaml", good))
        for old, new in changes:
            with self.subTest(new=new):
                self.assertIn(old, good)
                bad = good.replace(old, new, 1)
                self.assertNotEqual(problems(kind, bad), [])
                self.fails(2, "validate", self.file("bad.yaml", bad), says=["bad.yaml:"])

    def test_everything_bundled_matches(self):
        for kind, folder in BUNDLED.items():
            files = sorted((ROOT / folder).glob("*.yaml"))
            self.assertNotEqual(files, [])
            for path in files:
                with self.subTest(path.name):
                    self.assertEqual(problems(kind, path.read_text()), [])

    def test_examples_of_the_documentation_match(self):
        files = sorted((ROOT / "docs/examples").glob("*.yaml"))
        self.assertNotEqual(files, [])
        for path in files:
            text = path.read_text()
            with self.subTest(path.name):
                self.assertEqual(problems(yaml.safe_load(text)["schema"].split("/")[1], text), [])

    def test_wrong_machines_do_not_match(self):
        self.refuse_both(
            "hw", MACHINE.read_text(),
            ("tilewright/hw/v1", "tilewright/workload/v1"),
            ("name: mas-edge\n", ""),
            ("clock_ghz: {value: 3.75, source: paper}", "clock_ghz: 3.75"),
            ("cores: {value: 2, source: paper}", "cores: {value: 2}"),
            ("cores: {value: 2, source: paper}", "cores: {value: 2, source: hearsay}"),
            ("cores: {value: 2,", "cores: {value: 0,"),
            ("cores: {value: 2,", "cores: {value: 2.5,"),
            ("cores: {value: 2,", "cores: {value: two,"),
            ("[output, left, right]", "[output, top]"),
            ("  lanes:", "  lames:"))

    def test_wrong_workloads_do_not_match(self):
        self.refuse_both(
            "workload", workload_yaml(bytes="{input: 2}", mask="none"),
            ("tilewright/workload/v1", "tilewright/workload/v2"),
            ("    heads:", "    haeds:"),
            ("    heads: 2\n", ""),
            ("heads: 2", "heads: 0"),
            ("q_len: 32", "q_len: long"),
            ("q_len: 32", "q_len: 2147483649"),
            ("input: 2", "input: 3"),
            ("mask: none", "mask: casual"),
            ("name: case\n", "name: Upper Case\n"),
            ("workloads:", "workload:"))

    def test_wrong_jobs_do_not_match(self):
        self.refuse_both(
            "job", (ROOT / "docs/examples/camera-job.yaml").read_text().replace(
                "camera-npu.yaml", str(ROOT / "docs/examples/camera-npu.yaml")).replace(
                "camera-workloads.yaml", str(ROOT / "docs/examples/camera-workloads.yaml")),
            ("tilewright/job/v1", "tilewright/job/v2"),
            ("schedules: [", "schedule: ["),
            ("[3.2, 6.4, 12.8]", "[]"),
            ("[3.2, 6.4, 12.8]", "[3.2, 3.2]"),
            ("[3.2, 6.4, 12.8]", "{from: 1, to: 2}"),
            ("[3.2, 6.4, 12.8]", "{from: 1, to: 2, steps: 1}"),
            ("flash3]", "flash4]"),
            ("flash3]", "flash3]\nobjectives: [speed]"),
            ("flash3]", "flash3]\nlimits: {max_evals: 0}"),
            ("flash3]", "flash3]\nexclude: [{network: a}]"))

    def tables(self):
        job = self.file("job.yaml", "schema: tilewright/job/v1\nname: a job\nworkloads: [w.yaml]\n"
                        "hardware: [mas-edge, {base: mas-edge, sweep: {memory.l1.capacity_kib: "
                        "[0.0625, 64]}}]\nschedules: [flat, mas]\nobjectives: [latency, edp]\n")
        self.file("w.yaml", workload_yaml())
        done = self.run_program("batch", job, "-o", self.folder / "out", "--quiet")
        self.assertEqual(done.returncode, 1, done.stderr)
        pick = ["table", self.folder / "out", "--pick", "hw=mas-edge,workload=case"]
        return [(self.folder / "out" / "tilings.yaml").read_text(),
                (self.folder / "out" / "tilings.json").read_text(),
                self.succeed(*pick), self.succeed(*pick, "--format", "json")]

    def test_tables_of_a_batch_match(self):
        for text in self.tables():
            self.assertEqual(problems("tiling-table", text), [])

    def test_wrong_tables_do_not_match(self):
        whole, _, picked, _ = self.tables()
        wrong = [("tiling-table/v1", "tiling-table/v2"), ("optimal: proven", "optimal: maybe"),
                 ("optimal: proven", "optimal: best-found"), ("  q_rows:", "  q_row:"),
                 ("schedule: ", "schedules: "), ("tile_sizes: all", "tile_sizes: some"),
                 ("  cycles: ", "  cycles: -"), ("bottleneck: ", "bottlenecks: ")]
        self.refuse_both("tiling-table", picked, *wrong)
        self.refuse_both("tiling-table", whole, *wrong, ("job: a job\n", ""),
                         ("base: mas-edge\n    ", ""), ("    reasons:\n", "    reason:\n"),
                         ("without_tiling:\n", "without_tilings:\n"))

    def test_a_causal_workload_matches(self):
        self.assertEqual(problems("workload", workload_yaml(mask="causal")), [])

    def test_imported_suites_match(self):
        for path in sorted((ROOT / "test/data/hf").glob("*.json")):
            with self.subTest(path.name):
                self.assertEqual(problems("workload", self.succeed("import", "hf", path)), [])

    def test_results_of_every_command_match(self):
        small = self.profile("capacity_kib: {value: 5120", "capacity_kib: {value: 1")
        for arguments in (TUNE, COMPARE, [*EVALUATE, "--tiling", "q_rows=8", "--reference"],
                          ["tune", "--hw", small, *TUNE[3:]],
                          [*TUNE, "--objective", "pareto:latency,energy,l1"]):
            for form in ("json", "yaml"):
                done = self.run_program(*arguments, "--format", form)
                self.assertEqual(problems("result", done.stdout), [])

    def test_replays_of_every_schedule_match(self):
        path = self.folder / "results.yaml"
        workload = self.file("small.yaml", workload_yaml())
        self.succeed("compare", "--hw", "mas-edge", "--workload", workload, "--schedules", "all",
                     "-o", path)
        for dtype in ("fp32", "fp16"):
            for form in ("json", "yaml"):
                text = self.succeed("replay", path, "--workload", workload, "--dtype", dtype,
                                    "--format", form)
                self.assertEqual(problems("replay", text), [])

    def test_wrong_replays_do_not_match(self):
        path = self.folder / "result.yaml"
        self.succeed(*TUNE, "-o", path)
        good = self.succeed("replay", path, "--format", "yaml")
        self.assertEqual(problems("replay", good), [])
        failed = good.replace("first: []", "first: [{operation: o, slot: s, content: c, problem: p}]")
        self.assertEqual(problems("replay", failed.replace("count: 0", "count: 1")), [])
        for old, new in (("tilewright/replay/v1", "tilewright/result/v1"),
                         ("dtype: fp32", "dtype: fp8"),
                         ("passed: true", "passed: yes, it did"),
                         ("    seed: 1\n", ""),
                         ("      Q:\n", "      X:\n"),
                         ("loaded_predicted: ", "loaded_foretold: "),
                         ("peak_bytes: ", "peak_bytes: -"),
                         ("first: []", "first: [{operation: o}]")):
            with self.subTest(new=new):
                self.assertIn(old, good)
                self.assertNotEqual(problems("replay", good.replace(old, new, 1)), [])

    def test_wrong_results_do_not_match(self):
        self.refuse_both(
            "result", self.succeed(*TUNE, "--format", "yaml"),
            ("optimal: proven", "optimal: maybe"),
            ("  q_rows:", "  q_row:"),
            ("  buffers: 2", "  buffers: 0"),
            ("    qk: [", "    qk: [1, "),
            ("schedule: mas\n", ""),
            ("cost:\n", "costs:\n"))


if __name__ == "__main__":
    program_case.main(__doc__)
