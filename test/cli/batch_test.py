#!/usr/bin/env python3
"""Batches: jobs, the store, tables, and what happens when they are killed. batch_test.py PATH"""

import csv
import io
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import program_case
from program_case import ROOT, CommandLineTest, workload_yaml

TABLES = ("tilings.yaml", "tilings.json", "cases.csv", "summary.txt")


def job_yaml(**keys):
    values = {
        "name": "try",
        "hardware": "[{base: mas-edge, sweep: {memory.l1.capacity_kib: [0.5, 8, 64, 5120], "
                    "memory.dram.bandwidth_gbps: {from: 10, to: 100, steps: 5, scale: log}}}]",
        "workloads": "[small.yaml]",
        "schedules": "[flat, mas, flash3]",
        **keys,
    }
    return "schema: tilewright/job/v1\n" + "".join(f"{k}: {v}\n" for k, v in values.items())


def children(parent):
    """Process numbers of the ranks that an mpirun has started."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = stat.read_text().rsplit(")", 1)
        except OSError:
            continue  # it has ended
        if int(fields.split()[1]) == parent and name.endswith("(tilewright"):
            found.append(int(stat.parent.name))
    return sorted(found)


class BatchTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        suite = workload_yaml(name="a", q_len=24) + "".join(
            f"  - {{name: {name}, heads: 2, q_len: {q_len}, qk_dim: 16}}\n"
            for name, q_len in (("b", 48), ("c", 17)))
        self.file("small.yaml", suite)

    def job(self, **keys):
        return self.file("job.yaml", job_yaml(**keys))

    def run_batch(self, job, folder="out", *arguments, status=0):
        done = self.run_program("batch", job, "-o", self.folder / folder, "--quiet", *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def tables(self, folder="out"):
        return {name: (self.folder / folder / name).read_bytes() for name in TABLES}

    def outcomes(self, folder="out"):
        path = self.folder / folder / "results.sqlite"
        if not path.exists():
            return 0
        with sqlite3.connect(path) as store:
            try:
                return store.execute("SELECT count(*) FROM outcomes").fetchone()[0]
            except sqlite3.OperationalError:
                return 0  # killed before the tables were made

    def test_the_answers_are_those_of_tune(self):
        self.run_batch(self.job(hardware="[mas-edge]", objectives="[latency, energy]"))
        rows = list(csv.DictReader(io.StringIO(self.tables()["cases.csv"].decode())))
        self.assertEqual(len(rows), 3 * 2 * 3)
        for row in rows:
            tuned = json.loads(self.succeed(
                "tune", "--hw", "mas-edge", "--workload", self.folder / "small.yaml", "--schedule",
                row["schedule"], "--objective", row["objective"], "--format", "json"))
            result = next(r for r in tuned["results"] if r["workload"] == row["workload"])
            for key in ("heads", "q_rows", "kv_cols", "buffers", "lookahead"):
                self.assertEqual(int(row[key]), result["tiling"][key])
            for key in ("cycles", "dram_read_bytes", "l1_peak_bytes"):
                self.assertEqual(int(row[key]), result["cost"][key])
            self.assertEqual((row["status"], row["optimal"]), ("solved", "proven"))
        best = json.loads(self.tables()["tilings.json"])["entries"]
        self.assertEqual(len(best), 6)
        for entry in best:
            same = [r for r in rows
                    if (r["workload"], r["objective"]) == (entry["workload"], entry["objective"])]
            figure = "cycles" if entry["objective"] == "latency" else "energy_uj"
            self.assertEqual(float(entry["cost"][figure]), min(float(r[figure]) for r in same))
            self.assertEqual(next(r["schedule"] for r in same if r["best"] == "true"),
                             entry["schedule"])

    def test_any_number_of_jobs_gives_the_same_tables(self):
        job = self.job()
        self.run_batch(job, "one", "--jobs", "1", status=1)
        self.run_batch(job, "two", "--jobs", "3", status=1)
        self.assertEqual(self.tables("one"), self.tables("two"))
        again = self.run_batch(job, "one", "--resume", status=1)
        self.assertIn("0 searches", again.stderr)
        self.assertEqual(self.tables("one"), self.tables("two"))

    def test_killed_at_random_moments_it_resumes_to_the_same_tables(self):
        job = self.job(objectives="[latency, energy]")
        begin = time.monotonic()
        self.run_batch(job, "whole", status=1)
        seconds = time.monotonic() - begin
        whole, total = self.tables("whole"), self.outcomes("whole")
        seed = random.randrange(1 << 30)
        draw = random.Random(seed)
        stopped = 0
        for turn in range(35):
            folder = f"killed{turn}"
            command = [program_case.PROGRAM, "batch", job, "-o", self.folder / folder, "--quiet"]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                time.sleep(draw.uniform(0, seconds))
                process.send_signal(signal.SIGKILL)
            kept = self.outcomes(folder)
            stopped += kept < total
            done = self.run_batch(job, folder, "--resume", status=1)
            with self.subTest(turn=turn, seed=seed):
                self.assertIn(f" {total - kept} search", done.stderr)
                self.assertEqual(self.tables(folder), whole)
        self.assertGreater(stopped, 5, f"seed {seed}: the kills came too late")

    def mpirun(self, ranks, *arguments):
        # On one machine no remote shell is needed, but Open MPI wants to find one.
        return ["mpirun", "--allow-run-as-root", "--oversubscribe", "--mca", "plm_rsh_agent",
                "true", "-n", str(ranks),
                program_case.PROGRAM, *map(str, arguments)]

    def require_mpi(self):
        if shutil.which("mpirun") is None:
            self.skipTest("no mpirun")
        text = subprocess.run(self.mpirun(1, "batch", "none.yaml"), capture_output=True,
                              text=True).stderr
        if "without MPI" in text:
            self.skipTest("built without MPI")
        self.assertIn("none.yaml: no such file", text)

    def test_ranks_give_the_same_tables(self):
        self.require_mpi()
        job = self.job(objectives="[latency, energy]")
        self.run_batch(job, "one", status=1)
        for ranks in (2, 4):
            folder = f"ranks{ranks}"
            done = subprocess.run(
                self.mpirun(ranks, "batch", job, "-o", self.folder / folder, "--quiet"),
                capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stderr.count(" searches,"), 1, done.stderr)
            self.assertEqual(self.tables(folder), self.tables("one"))

    def test_a_rank_that_dies_ends_the_run_and_loses_nothing_that_was_stored(self):
        self.require_mpi()
        job = self.job(objectives="[latency, energy]", schedules="all")
        self.run_batch(job, "whole", status=1)
        whole, total = self.tables("whole"), self.outcomes("whole")
        seed = random.randrange(1 << 30)
        draw = random.Random(seed)
        for turn in range(5):
            folder = f"dead{turn}"
            command = self.mpirun(3, "batch", job, "-o", self.folder / folder, "--quiet")
            with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  text=True) as process:
                victims = []
                while process.poll() is None and (
                        len(victims) < 3 or self.outcomes(folder) < 1 + turn * total // 8):
                    time.sleep(0.01)
                    victims = children(process.pid)
                for victim in victims[turn % 3:turn % 3 + 1]:
                    os.kill(victim, signal.SIGKILL)
                text = process.stderr.read()
            with self.subTest(turn=turn, seed=seed):
                kept = self.outcomes(folder)
                if kept < total:
                    self.assertNotEqual(process.returncode, 0)
                    self.assertIn("signal 9", text)
                resumed = self.run_batch(job, folder, "--resume", status=1)
                self.assertIn(f" {total - kept} search", resumed.stderr)
                self.assertEqual(self.tables(folder), whole)

    def test_a_full_disk_ends_it_and_harms_nothing(self):
        job = self.job()
        self.run_batch(job, "whole", status=1)
        whole, total = self.tables("whole"), self.outcomes("whole")
        size = sum(path.stat().st_size for path in (self.folder / "whole").iterdir())
        seed = random.randrange(1 << 30)
        draw = random.Random(seed)
        for turn in range(15):
            folder = f"full{turn}"
            limit = draw.randrange(4096, size)
            done = self.run_program(
                "batch", job, "-o", self.folder / folder, "--quiet",
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            with self.subTest(turn=turn, seed=seed, limit=limit):
                self.assertIn(done.returncode, (1, 3), done.stderr)
                kept = self.outcomes(folder)
                resumed = self.run_batch(job, folder, "--resume", status=1)
                self.assertIn(f" {total - kept} search", resumed.stderr)
                self.assertEqual(self.tables(folder), whole)

    def test_ctrl_c_keeps_what_was_done(self):
        job = self.job(hardware="[mas-edge]", workloads="[mas12]", schedules="all",
                       strategy="exhaustive")
        command = [program_case.PROGRAM, "batch", job, "-o", self.folder / "out"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            text = process.stderr.read()
        self.assertEqual(process.returncode, 130)
        self.assertIn("--resume", text)

    def test_a_second_run_in_the_folder_stops(self):
        slow = self.job(hardware="[mas-edge]", workloads="[mas12]", schedules="[mas]",
                        strategy="exhaustive")
        command = [program_case.PROGRAM, "batch", slow, "-o", self.folder / "out", "--quiet"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            while not (self.folder / "out" / "lock").exists():
                time.sleep(0.02)
            time.sleep(0.1)
            self.fails(2, "batch", slow, "-o", self.folder / "out", says=["another batch"])
            process.send_signal(signal.SIGINT)
        self.assertEqual(process.returncode, 130)

    def test_bad_cases_are_rows_and_end_nothing(self):
        (self.folder / "hw").mkdir()
        good = (ROOT / "hw_profiles/mas-edge.yaml").read_text()
        for name, text in (("good", good.replace("name: mas-edge", "name: good")),
                           ("bad", good.replace("lanes", "lane")), ("dull", "nothing: here\n"),
                           ("twin", good.replace("name: mas-edge", "name: good")),
                           ("tiny", good.replace("name: mas-edge", "name: tiny").replace(
                               "capacity_kib: {value: 5120", "capacity_kib: {value: 0.0625"))):
            (self.folder / "hw" / f"{name}.yaml").write_text(text)
        done = self.run_batch(self.job(hardware="['hw/*.yaml']"), status=1)
        self.assertIn("failed", done.stdout)
        rows = list(csv.DictReader(io.StringIO(self.tables()["cases.csv"].decode())))
        self.assertEqual(len(rows), 5 * 3 * 3)
        status = {}
        for row in rows:
            status.setdefault(row["hw"].split("/")[-1], set()).add(row["status"])
            self.assertEqual(row["status"] == "solved", row["message"] == "")
        self.assertEqual(status, {"good": {"solved"}, "bad.yaml": {"failed"},
                                  "dull.yaml": {"failed"}, "twin.yaml": {"failed"},
                                  "tiny": {"infeasible"}})
        self.assertIn("bad.yaml", next(r["message"] for r in rows if r["hw"].endswith("bad.yaml")))

    def test_identical_cases_are_searched_once(self):
        job = self.job(hardware="[mas-edge, {base: mas-edge, sweep: "
                                "{memory.l1.capacity_kib: [5120, 64]}}]")
        done = self.run_batch(job)
        self.assertIn(f" {2 * 3 * 3} searches", done.stderr)
        self.assertIn(f"{3 * 3 * 3} cases", done.stdout)

    def test_changed_inputs_are_noticed(self):
        self.run_batch(self.job(hardware="[mas-edge]"))
        self.fails(2, "batch", self.folder / "job.yaml", "-o", self.folder / "out",
                   says=["--resume", "--retune"])
        suite = (self.folder / "small.yaml").read_text()
        (self.folder / "small.yaml").write_text(suite.replace("q_len: 48", "q_len: 47"))
        done = self.run_batch(self.folder / "job.yaml", "out", "--resume")
        self.assertIn("inputs of 3 cases have changed", done.stderr)
        self.assertIn(" 3 searches", done.stderr)
        done = self.run_batch(self.folder / "job.yaml", "out", "--retune")
        self.assertIn(" 9 searches", done.stderr)

    def test_results_of_another_model_are_not_mixed_in(self):
        self.run_batch(self.job(hardware="[mas-edge]"))
        with sqlite3.connect(self.folder / "out" / "results.sqlite") as store:
            store.execute("UPDATE meta SET value = '0' WHERE key = 'model_version'")
        self.fails(2, "batch", self.folder / "job.yaml", "-o", self.folder / "out", "--resume",
                   says=["model version 0", "--retune"])
        done = self.run_batch(self.folder / "job.yaml", "out", "--retune")
        self.assertIn(" 9 searches", done.stderr)

    def test_rules_choose_cases(self):
        self.run_batch(self.job(include="[{workload: '[ab]'}]",
                                exclude="[{schedule: 'fl*', hw: '*=0.5+*'}, {workload: b}]"),
                       status=1)
        rows = list(csv.DictReader(io.StringIO(self.tables()["cases.csv"].decode())))
        self.assertEqual({row["workload"] for row in rows}, {"a"})
        self.assertEqual(len(rows), 15 * 3 + 5 * 1)

    def test_a_dry_run_says_what_would_run(self):
        text = self.succeed("batch", self.job(), "--dry-run")
        self.assertIn("180 cases of 20 profiles, 3 workloads, 3 schedules, 1 objective\n", text)
        self.assertIn("180 distinct searches, about", text)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["job.yaml", "small.yaml"])
        one = self.succeed("batch", self.job(hardware="[mas-edge]", schedules="[mas]",
                                             include="[{workload: a}]"), "--dry-run")
        self.assertIn("1 case of 1 profile, 3 workloads, 1 schedule, 1 objective\n1 distinct search, ",
                      one)

    def test_picks_in_every_form(self):
        self.run_batch(self.job(hardware="[mas-edge]"))
        out = self.folder / "out"
        entry = json.loads(self.succeed("table", out, "--pick", "hw=mas-edge,workload=b",
                                        "--format", "json"))
        header = self.succeed("table", out, "--pick", "hw=mas-edge,workload=b", "--format", "c")
        self.assertIn(f"#define TILEWRIGHT_Q_ROWS {entry['tiling']['q_rows']} ", header)
        source = self.file("use.c", header + "int rows = TILEWRIGHT_Q_ROWS;\n")
        subprocess.run(["gcc", "-Wall", "-Werror", "-c", source, "-o", self.folder / "use.o"],
                       check=True)
        one = json.loads(self.succeed(
            "table", out, "--pick", "hw=mas-edge,workload=b,schedule=flash3,objective=latency",
            "--format", "json"))
        self.assertEqual(one["schedule"], "flash3")
        pick = ["table", out, "--pick", "hw=mas-edge,workload=b"]
        for name, format_ in (("b.json", "json"), ("b.h", "c"), ("b.yml", "yaml"), ("b", "yaml")):
            self.succeed(*pick, "-o", self.folder / name)
            self.assertEqual((self.folder / name).read_text(),
                             self.succeed(*pick, "--format", format_))
        self.fails(2, *pick, "-o", self.folder / "b.csv", says=["-o", "csv", "yaml, json, c"])
        for pick, says in (("hw=mas-edg,workload=b", "mas-edge"), ("hw=mas-edge", "workload=NAME"),
                           ("hw=mas-edge,workload=bb", "'bb'"), ("hw=mas-edge,wrkload=b", "workload"),
                           ("hw=mas-edge,workload=", "no value")):
            self.fails(2, "table", out, "--pick", pick, says=["--pick", says])
        self.fails(2, "table", self.folder, says=["results.sqlite"])

    def test_tables_are_read_back(self):
        self.run_batch(self.job(objectives="[latency, energy]"), status=1)
        suite = ["--workload", self.folder / "small.yaml"]
        entries = json.loads(self.tables()["tilings.json"])["entries"]
        self.assertEqual(len(entries), 20 * 3 * 2)
        for form in ("yaml", "json"):
            table = self.folder / "out" / f"tilings.{form}"
            self.assertIn("tiling table, 120 tilings", self.succeed("validate", table))
            lines = self.succeed("verify-proof", table, *suite).splitlines()
            self.assertEqual(len(lines), len(entries))
            for line, entry in zip(lines, entries):
                self.assertIn(f"{entry['workload']} on {entry['hw']}, schedule {entry['schedule']} ",
                              line)
                self.assertIn(f", {entry['objective']}: verified: ", line)
            replays = json.loads(self.succeed("replay", table, *suite, "--format", "json"))
            self.assertEqual([r["hw"] for r in replays["replays"]], [e["hw"] for e in entries])
        pick = "hw=mas-edge@capacity_kib=64+bandwidth_gbps=10,workload=b,objective=energy"
        line = self.succeed("verify-proof", table, *suite, "--pick", pick)
        self.assertRegex(line, r"\Ab on mas-edge@[^\n]*: verified: [^\n]*\n\Z")
        one = self.folder / "one.yaml"
        self.succeed("table", self.folder / "out", "--pick", pick, "-o", one)
        self.assertIn("tiling table, 1 tiling", self.succeed("validate", one))
        self.assertEqual(self.succeed("verify-proof", one, *suite).split(" (")[:2],
                         line.replace(", energy", "").split(" (")[:2])

    def test_a_wrong_entry_is_refuted_and_one_that_is_not_proven_is_skipped(self):
        self.run_batch(self.job(hardware="[mas-edge]"))
        text = (self.folder / "out" / "tilings.yaml").read_text()
        suite = ["--workload", self.folder / "small.yaml"]
        worse = self.succeed("evaluate", "--hw", "mas-edge", *suite, "--schedule", "mas", "--tiling",
                             "q_rows=1", "--format", "json")
        worse = next(r for r in json.loads(worse)["results"] if r["workload"] == "a")
        table = json.loads((self.folder / "out" / "tilings.json").read_text())
        entry = next(e for e in table["entries"] if e["workload"] == "a")
        entry |= {key: worse[key] for key in ("schedule", "variant", "tiling")}
        entry["cost"] = {key: worse["cost"][key] for key in entry["cost"]}
        done = self.run_program("verify-proof", self.file("worse.json", json.dumps(table)), *suite)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout.count(": verified: "), 2)
        self.assertIn("a on mas-edge, schedule mas (two-stream): refuted: ", done.stdout)
        entry["cost"]["cycles"] += 1
        done = self.run_program("verify-proof", self.file("lie.json", json.dumps(table)), *suite)
        self.assertIn("refuted: cost.cycles is", done.stdout)
        found = self.file("found.yaml", text.replace("proven", "best-found\n    gap: 0.1"))
        self.assertEqual(self.succeed("verify-proof", found, *suite).count("not proven, skipped"), 3)

    def test_a_table_names_profiles_and_workloads_that_stand_in_files(self):
        own = self.profile("name: mas-edge", "name: own")
        (self.folder / "twin.yaml").write_text(
            (self.folder / "small.yaml").read_text().replace("name: cases", "name: twin"))
        self.run_batch(self.job(hardware="[mas-edge, profile.yaml, {base: profile.yaml, sweep: "
                                         "{memory.l1.capacity_kib: [64]}}]",
                                workloads="[small.yaml, twin.yaml]"))
        table = self.folder / "out" / "tilings.yaml"
        suite = ["--workload", self.folder / "twin.yaml"]
        self.fails(2, "verify-proof", table, says=["cases/a", "--workload"])
        self.fails(2, "verify-proof", table, *suite, says=["'own'", "--hw"])
        lines = self.succeed("verify-proof", table, *suite, "--hw", own).splitlines()
        self.assertEqual([line.split(",")[0] for line in lines],
                         [f"twin/{w} on own{s}" for s in ("", "@capacity_kib=64") for w in "abc"])
        self.fails(2, "verify-proof", table, *suite, "--hw", "flat-edge", says=["'flat-edge'"])
        pick = ["--pick", "hw=own,workload=twin/a"]
        done = self.run_program("verify-proof", table, *suite, "--hw", "flat-edge", *pick)
        self.assertRegex(done.stdout, r"\Atwin/a on own, [^,]*, checked on flat-edge: refuted: ")
        for words, says in (("hw=none", "has no result 'hw=none'"), ("hv=own", "'hv' is unknown"),
                            ("hw=", "no value")):
            self.fails(2, "verify-proof", table, "--pick", words, says=["--pick", says])

    def test_a_table_gives_starts_and_tilings(self):
        self.run_batch(self.job(hardware="[{base: mas-edge, sweep: {memory.l1.capacity_kib: "
                                         "[64, 5120]}}, mas-edge]", schedules="[mas]",
                                objectives="[energy, latency]"))
        table = self.folder / "out" / "tilings.yaml"
        entries = json.loads(self.tables()["tilings.json"])["entries"]
        search = ["--hw", "mas-edge", "--workload", self.folder / "small.yaml", "--schedule", "mas",
                  "--format", "json"]
        for objective in ("latency", "energy"):
            wanted = {e["workload"]: e for e in entries
                      if (e["hw"], e["objective"]) == ("mas-edge", objective)}
            for command in (["tune", "--start", table, "--max-evals", "1"],
                            ["evaluate", "--tiling", f"@{table}"]):
                done = json.loads(self.succeed(*command, *search, "--objective", objective))
                for result in done["results"]:
                    self.assertEqual(result["tiling"], wanted[result["workload"]]["tiling"])
        done = self.run_program("tune", "--start", table, *search[:-3], "flash2", "--quiet")
        self.assertIn("starts without a tiling", done.stderr)

    def test_the_name_of_a_table_says_its_format(self):
        self.run_batch(self.job(hardware="[mas-edge]"))
        out = self.folder / "out"
        for name, table in (("t.csv", "cases.csv"), ("t.json", "tilings.json"),
                            ("t.yaml", "tilings.yaml"), ("t.txt", "summary.txt")):
            self.succeed("table", out, "-o", self.folder / name)
            self.assertEqual((self.folder / name).read_bytes(), self.tables()[table])
        self.succeed("table", out, "--format", "json", "-o", self.folder / "t.csv")
        self.assertEqual((self.folder / "t.csv").read_bytes(), self.tables()["tilings.json"])
        self.fails(2, "table", out, "-o", self.folder / "t.h", says=["-o", "t.h", "--pick"])
        self.fails(2, "table", out, "--pareto", "latency,l1", "-o", self.folder / "p.csv",
                   says=["-o", "p.csv", "text"])

    def test_questions_that_a_job_has_no_answer_to_get_one_line(self):
        self.run_batch(self.job(hardware="[mas-edge]"))
        self.fails(2, "table", self.folder / "out", "--sensitivity", says=["sweeps no figure"])
        self.run_batch(self.job(hardware="[{base: mas-edge, sweep: {memory.dram.shared_channel: "
                                         "[true, false]}}]"), "flags")
        flags = self.folder / "flags"
        self.fails(2, "table", flags, "--smallest", "shared_channel",
                   says=["--smallest", "shared_channel", "'true'", "numbers"])
        self.fails(2, "table", flags, "--sensitivity", says=["sweeps no figure"])

    def smallest_capacities(self, slack):
        """By bandwidth, the smallest swept capacity with every workload near its best; from the cases."""
        best = {}  # bandwidth -> capacity -> workload -> cycles
        for row in csv.DictReader(io.StringIO(self.tables()["cases.csv"].decode())):
            capacity, bandwidth = re.fullmatch(r".*@capacity_kib=(.*)\+bandwidth_gbps=(.*)",
                                               row["hw"]).groups()
            own = best.setdefault(bandwidth, {}).setdefault(capacity, {})
            if row["status"] == "solved":
                cycles = int(row["cycles"])
                own[row["workload"]] = min(cycles, own.get(row["workload"], cycles))
        answer = {}
        for bandwidth, family in best.items():
            least = {w: min(own[w] for own in family.values() if w in own) for w in "abc"}
            good = [capacity for capacity, own in family.items()
                    if all(w in own and own[w] <= least[w] * slack for w in "abc")]
            answer[bandwidth] = min(good, key=float)
        return answer

    def test_questions_about_families_of_profiles(self):
        self.run_batch(self.job(), status=1)
        out = self.folder / "out"
        front = self.succeed("table", out, "--pareto", "latency,l1")
        self.assertIn("mas-edge@capacity_kib=8+bandwidth_gbps=100", front)
        self.assertNotIn("bandwidth_gbps=10 ", front)
        self.assertIn("not bettered in latency, l1", front)
        for within in (0, 5, 50, 1000000):
            smallest = self.succeed("table", out, "--smallest", "l1", "--within", f"{within}%")
            rows = [line.split() for line in smallest.splitlines() if "bandwidth_gbps=" in line]
            self.assertEqual({row[1].split("=")[1]: row[2] for row in rows},
                             self.smallest_capacities(1 + within / 100))
        sensitive = self.succeed("table", out, "--sensitivity")
        line = next(l for l in sensitive.splitlines() if l.startswith("memory.dram.bandwidth"))
        mean, least, most = (float(x) for x in line.split()[1:4])
        self.assertTrue(-1.001 <= least <= mean <= most <= 0, line)
        for arguments, says in ((["--pareto", "latency,ram"], "'ram'"), (["--pareto", "l1"], "two"),
                                (["--smallest", "lanes"], "lanes"),
                                (["--smallest", "l1", "--sensitivity"], "one of"),
                                (["--pareto", "latency,l1", "--format", "csv"], "--format"),
                                (["-o", out / "results.sqlite"], "results.sqlite"),
                                (["--smallest", "l1", "--within", "x"], "'x'"),
                                (["--sensitivity", "--objective", "energy"], "energy")):
            self.fails(2, "table", out, *arguments, says=[says])

    def test_wrong_jobs_get_one_clear_line(self):
        for keys, says in (
                ({"schedules": "[flat, mass]"}, ["job.yaml:5", "'mass'", "mas"]),
                ({"hardware": "[mas-edgy]"}, ["'mas-edgy'", "mas-edge"]),
                ({"hardware": "['x*.yaml']"}, ["x*.yaml", "no file"]),
                ({"hardware": "[{base: mas-edge, sweep: {memory.l1.capacity: [1]}}]"},
                 ["memory.l1.capacity", "capacity_kib"]),
                ({"hardware": "[{base: mas-edge, sweep: {cores: [0]}}]"}, ["cores", "0"]),
                ({"hardware": "[{base: mas-edge, sweep: {cores: {from: 0, to: 4, steps: 3, "
                              "scale: log}}}]"}, ["cores", "above 0"]),
                ({"workloads": "[]"}, ["workloads", "empty"]),
                ({"objectives": "[speed]"}, ["objectives", "speed"]),
                ({"strategie": "pruned"}, ["strategie", "strategy"]),
                ({"workloads": "[small.yaml, small.yaml]"}, ["twice"])):
            with self.subTest(keys=keys):
                self.fails(2, "batch", self.job(**keys), "-o", self.folder / "out", says=says)
        self.fails(2, "batch", self.job(), says=["-o"])
        # Root may read everything but this.
        (self.folder / "loop").symlink_to("loop")
        self.fails(3, "batch", self.job(hardware="['loop/*.yaml']"), "-o", self.folder / "out",
                   says=["loop: cannot read: "])
        self.fails(2, "batch", self.job(hardware="['none/*.yaml']"), "-o", self.folder / "out",
                   says=["none/*.yaml", "no file"])
        self.fails(2, "batch", self.folder / "none.yaml", "-o", self.folder / "out",
                   says=["none.yaml", "no such file"])


if __name__ == "__main__":
    program_case.main(__doc__)
