#!/usr/bin/env python3
"""Checks proofs as users and scripts do. Usage: verify_proof_test.py PATH_OF_TILEWRIGHT"""

import json
import signal
import subprocess
import time

import program_case
from program_case import COMPARE, ROOT, TUNE, CommandLineTest, workload_yaml

RULES = ("illegal", "too_large", "coarse_bound", "class_bound", "tied")


class VerifyProofTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.shapes = self.file("shapes.yaml", workload_yaml(heads=2, q_len=48, qk_dim=16))
        self.small = ("--hw", "mas-edge", "--workload", self.shapes)

    def result(self, *arguments, name="r.json"):
        """A result file of the small workload, as a document to tamper with."""
        path = self.folder / name
        self.succeed(*(arguments or ("tune", "--schedule", "mas")), *self.small, "-o", path)
        return json.loads(path.read_text())

    def verify(self, document, *options, status=0):
        path = self.file("tampered.json", json.dumps(document))
        done = self.run_program("verify-proof", path, "--workload", self.shapes, *options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def refuted(self, document, *says):
        for method in ("enumerate", "blocks"):
            line = self.verify(document, "--method", method, status=1)
            self.assertRegex(line, r"\Acase on mas-edge, schedule mas \(two-stream\): refuted: .+\n\Z")
            for part in says:
                self.assertIn(part, line)

    def test_a_proof_carries_a_certificate_that_covers_the_space(self):
        for strategy in ("pruned", "exhaustive"):
            search = self.result("tune", "--schedule", "mas", "--strategy", strategy)["search"]
            certificate = search["certificate"]
            self.assertEqual(set(certificate), {"bound", "evaluated", *RULES})
            self.assertEqual(certificate["evaluated"], search["evaluated"])
            self.assertEqual(sum(certificate[rule] for rule in RULES), search["pruned"])
            self.assertEqual(search["evaluated"] + search["pruned"], search["space"])
            self.assertEqual(certificate["bound"], search["lower_bound"])
        self.assertEqual(certificate["evaluated"], search["space"])
        found = self.result("tune", "--schedule", "mas", "--strategy", "genetic")
        self.assertNotIn("certificate", found["search"])

    def test_both_methods_verify_every_objective_and_space(self):
        for options in ([], ["--objective", "energy"], ["--objective", "edp"],
                        ["--objective", "traffic"], ["--tile-sizes", "divisors"],
                        ["--pin", "q_rows=16", "--pin", "l0.qk=16x8x16"]):
            document = self.result("tune", "--schedule", "mas", *options)
            for method, how in (("enumerate", "each evaluated"), ("blocks", "blocks")):
                line = self.verify(document, "--method", method, "--threads", "1")
                self.assertIn(f"verified: none of {document['search']['space']:,} candidates", line)
                self.assertIn(how, line)

    def test_the_space_that_was_searched_stands_in_the_result(self):
        document = self.result("tune", "--schedule", "mas", "--tile-sizes", "pow2", "--pin", "buffers=2",
                               "--pin", "q_rows=16")
        self.assertEqual(document["tile_sizes"], "pow2")
        self.assertEqual(document["pins"], ["buffers=2", "q_rows=16"])
        self.assertNotIn("pins", self.result())

    def test_a_changed_cost_is_refuted(self):
        document = self.result()
        cycles = document["cost"]["cycles"]
        document["cost"]["cycles"] = cycles - 1
        self.refuted(document, f"cost.cycles is {cycles - 1} in the file, expected {cycles}")

    def test_a_changed_energy_is_refuted(self):
        document = self.result()
        document["cost"]["energy_uj"] *= 2
        self.refuted(document, "cost.energy_uj is")

    def test_a_changed_bound_is_refuted(self):
        for where, key in (("certificate", "search.certificate.bound"), ("", "search.lower_bound")):
            document = self.result()
            block = document["search"]["certificate"] if where else document["search"]
            block["bound" if where else "lower_bound"] += 1
            self.refuted(document, key)

    def test_changed_counts_are_refuted(self):
        for change, says in (
                (("certificate", "class_bound"), "search.pruned is"),
                (("certificate", "evaluated"), "search.certificate.evaluated is"),
                (("space",), "search.space is")):
            document = self.result()
            block = document["search"]
            for key in change[:-1]:
                block = block[key]
            block[change[-1]] += 1
            self.refuted(document, says)
        document = self.result()
        document["search"]["certificate"]["tied"] += 5
        document["search"]["pruned"] += 5
        self.refuted(document, "the certificate covers", "and the space has")
        document = self.result()
        del document["search"]["certificate"]
        self.refuted(document, "search.certificate is missing")

    def slower(self, document, **factors):
        """The document with another tiling, that costs what it says and claims to be the best."""
        text = ",".join(f"{k}={str(v).lower()}" for k, v in
                        {**document["tiling"], **factors}.items() if k != "l0")
        other = json.loads(self.succeed("evaluate", *self.small, "--schedule", "mas", "--tiling", text,
                                        "--format", "json"))
        document["tiling"], document["cost"] = other["tiling"], other["cost"]
        document["search"]["lower_bound"] = other["cost"]["cycles"]
        document["search"]["certificate"]["bound"] = other["cost"]["cycles"]
        return document

    def test_a_slower_tiling_is_refuted_with_a_better_one(self):
        best = self.result()["cost"]["cycles"]
        document = self.slower(self.result(), q_rows=3)
        cycles = document["cost"]["cycles"]
        self.assertGreater(cycles, best)
        self.refuted(document, "heads=", " cycles, it has ", f"{cycles:,} cycles")

    def test_an_equally_fast_tiling_that_ranks_later_is_refuted(self):
        document = self.result("tune", "--schedule", "mas", "--objective", "traffic")
        bytes_of = lambda d: d["cost"]["dram_read_bytes"] + d["cost"]["dram_write_bytes"]
        moved = bytes_of(document)
        other = self.slower(document, q_rows=5)
        self.assertEqual(bytes_of(other), moved)
        other["search"]["lower_bound"] = other["search"]["certificate"]["bound"] = moved
        self.refuted(other, "and ranks before it")

    def front(self):
        return self.result("tune", "--schedule", "mas", "--objective", "pareto:latency,energy,l1")

    def test_a_front_is_verified(self):
        document = self.front()
        self.assertGreater(len(document["front"]), 3)
        self.assertNotIn("bound", document["search"]["certificate"])
        for method in ("enumerate", "blocks"):
            self.assertIn("candidates is outside of the front", self.verify(document, "--method", method))

    def test_a_front_without_one_of_its_points_is_refuted(self):
        document = self.front()
        index = next(i for i, point in enumerate(document["front"]) if "knee" not in point)
        del document["front"][index]
        self.refuted(document, " cycles, ", "is covered by no point of the front")

    def test_a_front_with_a_changed_point_is_refuted(self):
        document = self.front()
        document["front"][0]["cost"]["l1_peak_bytes"] += 1
        self.refuted(document, "front[0].cost.l1_peak_bytes is")
        document = self.front()
        document["front"].append(document["front"][0])
        self.refuted(document, "a point of the front covers another one")
        document = self.front()
        document["cost"]["cycles"] += 1
        self.refuted(document, "those of no point of the front")

    def test_a_tiling_that_is_none_of_the_space_is_refuted(self):
        document = self.result()
        document["tiling"]["kv_cols"] = 49
        self.refuted(document, "not in the space")
        document = self.result()
        document["tiling"]["l0"]["qk"] = [1, 1, 1]
        self.refuted(document, "tiling.l0.qk is 1x1x1 in the file")

    def test_results_without_a_proof_are_skipped(self):
        document = self.result("tune", "--schedule", "mas", "--strategy", "genetic")
        self.assertIn("not proven, skipped", self.verify(document))

    def test_every_result_of_a_file_has_a_line(self):
        document = self.result("compare", "--schedules", "all")
        lines = self.verify(document).splitlines()
        self.assertEqual(len(lines), len(document["results"]))
        for line in lines:
            self.assertIn("verified", line)

    def test_pick_names_results(self):
        document = self.result("compare", "--schedules", "all")
        line = self.verify(document, "--pick", "schedule=flash2,workload=case")
        self.assertRegex(line, r"\Acase on mas-edge, schedule flash2 [^\n]*: verified: [^\n]*\n\Z")
        path = self.file("r.json", json.dumps(document))
        for words, says in (("schedule=flash", "has no result 'schedule=flash'"),
                            ("shedule=mas", "did you mean 'schedule'")):
            self.fails(2, "verify-proof", path, "--pick", words, says=["--pick", says])

    def test_another_profile_than_that_of_the_result_is_named(self):
        line = self.verify(self.result(), "--hw", "flat-edge", status=1)
        self.assertRegex(line, r"\Acase on mas-edge, schedule mas \(two-stream\), checked on flat-edge: "
                         "refuted: ")

    def test_a_front_of_more_than_a_mebibyte_is_read_back(self):
        path = self.folder / "front.json"
        self.succeed(*TUNE, "--objective", "pareto:latency,energy,l1", "-o", path)
        self.assertGreater(path.stat().st_size, 1 << 20)
        self.succeed("validate", path)
        self.assertIn(": verified: ", self.succeed("verify-proof", path, "--method", "blocks"))

    def test_that_nothing_fits_is_checked(self):
        tiny = self.profile("capacity_kib: {value: 5120", "capacity_kib: {value: 1")
        path = self.folder / "none.json"
        tune = ("tune", "--hw", tiny, "--workload", self.shapes, "--schedule", "mas",
                "--pin", "q_rows=48", "-o", path)
        self.assertEqual(self.run_program(*tune).returncode, 1)
        document = json.loads(path.read_text())
        self.assertNotIn("bound", document["search"]["certificate"])
        self.assertIn("candidates fits", self.verify(document, "--hw", tiny))
        line = self.verify(document, "--hw", "mas-edge", status=1)
        self.assertRegex(line, "refuted: heads=1,q_rows=48,.* fits")

    def test_bad_input_is_refused(self):
        path = self.file("r.json", json.dumps(self.result()))
        self.fails(2, "verify-proof", says=["required"])
        self.fails(2, "verify-proof", path, says=["no bundled workload"])
        self.fails(2, "verify-proof", path, "--workload", self.shapes, "--method", "block",
                   says=["--method", "did you mean 'blocks'"])
        self.fails(2, "verify-proof", path, "--workload", self.shapes, "--threads", "0", says=["--threads"])
        self.fails(2, "verify-proof", path, "--workload", "nowhere", says=["nowhere"])
        self.fails(2, "verify-proof", ROOT / "workloads" / "mas12.yaml", says=["tilewright/result/v1"])
        document = self.result()
        document["pins"] = ["q_row=16"]
        self.fails(2, "verify-proof", self.file("pins.json", json.dumps(document)), says=["q_row=16"])
        self.fails(2, "verify-proof", self.folder / "none.yaml", says=["none.yaml"])

    def test_an_interrupt_says_how_far_it_came(self):
        path = self.folder / "big.yaml"
        self.succeed(*COMPARE, "-o", path)
        command = [program_case.PROGRAM, "verify-proof", str(path), "--method", "enumerate"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            time.sleep(0.5)
            run.send_signal(signal.SIGINT)
            output, messages = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130, output + messages)
        self.assertRegex(output, r"interrupted: nothing better among [0-9,]+ of [0-9,]+ candidates")
        self.assertRegex(messages, r"interrupted; [01] of 2 results checked")


if __name__ == "__main__":
    program_case.main(__doc__)
