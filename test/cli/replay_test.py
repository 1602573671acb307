#!/usr/bin/env python3
"""Replays result files as users and scripts do. Usage: replay_test.py PATH_OF_TILEWRIGHT"""

import csv
import io
import json

import program_case
from program_case import COMPARE, ROOT, TUNE, CommandLineTest, workload_yaml


class ReplayTest(CommandLineTest):
    def result(self, *arguments, name="r.yaml"):
        path = self.folder / name
        self.succeed(*arguments, "-o", path)
        return path

    def replays(self, *arguments):
        document = json.loads(self.succeed("replay", *arguments, "--format", "json"))
        self.assertEqual(document["schema"], "tilewright/replay/v1")
        return document["replays"]

    def test_a_result_gives_a_card(self):
        text = self.succeed("replay", self.result(*TUNE))
        self.assertRegex(text, r"\Abert-base on mas-edge, schedule mas \(two-stream\): replay in fp32")
        self.assertIn("12 pairs of 512 query rows", text)
        self.assertRegex(text, r"(?m)^  verdict +all as predicted$")

    def test_bytes_and_peak_equal_those_of_the_result(self):
        for schedule in ("layerwise", "flat", "mas", "flash2", "flash3"):
            path = self.result(*TUNE[:-1], schedule, name=f"{schedule}.json")
            cost = json.loads(path.read_text())["cost"]
            replay, = self.replays(path)
            self.assertIs(replay["passed"], True)
            traffic = replay["traffic"].values()
            self.assertEqual(sum(one["loaded"] for one in traffic), cost["dram_read_bytes"])
            self.assertEqual(sum(one["stored"] for one in traffic), cost["dram_write_bytes"])
            self.assertEqual(replay["l1"]["peak_bytes"], cost["l1_peak_bytes"])
            self.assertLess(replay["error"]["relative"], 1e-5)

    def test_half_precision_errs_more_and_keeps_its_bound(self):
        path = self.result(*TUNE)
        single, = self.replays(path)
        half, = self.replays(path, "--dtype", "fp16")
        self.assertIs(half["passed"], True)
        self.assertGreater(half["error"]["absolute"], 100 * single["error"]["absolute"])
        self.assertLess(half["error"]["absolute"], half["error"]["bound"])

    def test_the_seed_decides_the_numbers(self):
        path = self.result(*TUNE)
        first, again, other = (self.succeed("replay", path, "--seed", seed, "--format", "yaml")
                               for seed in (5, 5, 6))
        self.assertEqual(first, again)
        self.assertNotEqual(first.replace("seed: 5", "seed: 6"), other)

    def test_all_results_of_a_file_are_replayed_with_their_variants(self):
        path = self.result(*COMPARE, "--as-published")
        self.assertEqual([(one["schedule"], one["variant"]) for one in self.replays(path)],
                         [("flat", "serial"), ("mas", "two-stream")])
        rows = list(csv.DictReader(io.StringIO(self.succeed("replay", path, "--format", "csv"))))
        self.assertEqual([row["passed"] for row in rows], ["true", "true"])
        self.assertEqual(rows[0]["traffic_O_stored"], "786432")

    def test_files_of_a_machine_and_a_workload_take_the_place_of_bundled_ones(self):
        machine = self.profile("name: mas-edge", "name: my-npu")
        shapes = self.file("shapes.yaml", workload_yaml(heads=4, kv_heads=2, q_len=50, kv_len=70))
        path = self.result("tune", "--hw", machine, "--workload", shapes, "--schedule", "mas")
        self.fails(2, "replay", path, "--workload", shapes, says=["r.yaml:3: hw: 'my-npu'", "--hw"])
        self.fails(2, "replay", path, "--hw", machine,
                   says=["r.yaml:4: workload: 'case'", "--workload"])
        replay, = self.replays(path, "--hw", machine, "--workload", shapes)
        self.assertEqual((replay["hw"], replay["workload"]), ("my-npu", "case"))
        self.assertIs(replay["passed"], True)
        self.assertEqual((replay["extent"]["pairs"], replay["extent"]["query_rows"]), (2, 100))

    def test_a_large_layer_is_sampled_and_says_so(self):
        shapes = self.file("long.yaml", workload_yaml(heads=8, q_len=16384, qk_dim=128))
        path = self.result("tune", "--hw", "mas-edge", "--workload", shapes, "--schedule", "flat")
        text = self.succeed("replay", path, "--workload", shapes)
        self.assertRegex(text, r"a sample, \d+ of 8 pairs and [\d,]+ of 16,384 query rows")
        replay, = self.replays(path, "--workload", shapes)
        self.assertIs(replay["extent"]["sampled"], True)

    def test_a_tiling_that_does_not_fit_ends_with_status_1(self):
        path = self.result(*TUNE)
        small = self.profile("capacity_kib: {value: 5120", "capacity_kib: {value: 16")
        done = self.run_program("replay", path, "--hw", small)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("nothing fits", done.stderr)

    def test_bad_input_is_refused(self):
        path = self.result(*TUNE)
        self.fails(2, "replay", says=["required"])
        self.fails(2, "replay", self.folder / "none.yaml", says=["none.yaml"])
        self.fails(2, "replay", path, "--dtype", "fp61", says=["--dtype", "did you mean 'fp16'"])
        self.fails(2, "replay", path, "--seed", "-1", says=["--seed", "from 0 to"])
        self.fails(2, "replay", path, "--format", "yml", says=["did you mean 'yaml'"])
        self.fails(2, "replay", path, "--workload", "vit-b-16x", says=["vit-b-16"])
        self.fails(2, "replay", path, "-o", path, says=["RESULT"])
        self.fails(2, "replay", ROOT / "workloads" / "mas12.yaml", says=["tilewright/result/v1"])
        self.fails(3, "replay", path, "-o", self.folder / "no" / "r.yaml", says=["cannot write"])

    def test_one_byte_elements_hold_no_half(self):
        text = workload_yaml() + "    bytes: {input: 1, score: 4, accumulator: 4}\n"
        shapes = self.file("bytes.yaml", text)
        path = self.result("tune", "--hw", "mas-edge", "--workload", shapes, "--schedule", "flat")
        self.fails(2, "replay", path, "--workload", shapes, "--dtype", "fp16", says=["1 byte"])
        self.assertIs(self.replays(path, "--workload", shapes)[0]["passed"], True)

    def test_results_of_other_workloads_are_left_out(self):
        path = self.result("compare", "--hw", "mas-edge", "--workload", "mas12", "--schedules", "mas")
        replay, = self.replays(path, "--workload", "vit-b-16")
        self.assertEqual(replay["workload"], "vit-b-16")


if __name__ == "__main__":
    program_case.main(__doc__)
