#!/usr/bin/env python3
"""Graphs of several candidates hold up against plain sense. Usage: graph_test.py PATH_OF_TILEWRIGHT"""

import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from check_graph import Checker, Mask

SCRIPT = pathlib.Path(__file__).with_name("check_graph.py")
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
PROGRAM = "tilewright"  # set below
CHANNELS = DATA / "separate-channels.yaml"
LATENCY = {"mas-edge": 100, str(CHANNELS): 37}
LAUNCH = {"mas-edge": 0, str(CHANNELS): 11}
KV_LEN = 21
COLUMN_BYTES = {"K": 2 * 8, "V": 2 * 6}
REPEAT = 3
WORKLOAD = DATA / "odd-shape.yaml"
MASKS = {DATA / "odd-causal.yaml": Mask(13, 2, 0), DATA / "odd-window.yaml": Mask(13, 2, 6)}


def evaluate(hw, schedule, *options, workload=WORKLOAD, **factors):
    """(GraphML text, result) of a candidate."""
    tiling = ",".join(f"{name}={value}" for name, value in factors.items())
    with tempfile.TemporaryDirectory() as folder:
        graph = pathlib.Path(folder) / "graph.graphml"
        done = subprocess.run(
            [PROGRAM, "evaluate", "--hw", hw, "--workload", workload, "--schedule", schedule,
             "--tiling", tiling, "--reference", "--graph", graph, "--format", "json", *options],
            capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"{tiling}: {done.stderr}")
        return graph.read_text(), json.loads(done.stdout)


def problems(hw, graph, result, mask=None):
    return Checker(graph, result, KV_LEN, COLUMN_BYTES, LATENCY[hw], LAUNCH[hw], REPEAT,
                   mask).run()


def keys_of(graph):
    """GraphML's key of every attribute of a vertex."""
    return dict((name, key) for key, name in re.findall(
        r'<key id="(\w+)" for="node" attr.name="(\w+)"', graph))


class GraphTest(unittest.TestCase):
    def expect_sound(self, hw, schedule, *options, workload=WORKLOAD, **factors):
        with self.subTest(hw=hw, schedule=schedule, workload=workload.name, **factors):
            graph, result = evaluate(hw, schedule, *options, workload=workload, **factors)
            self.assertEqual(problems(hw, graph, result, MASKS.get(workload)), [])
            self.assertEqual(result["reference"]["cycles"], result["cost"]["cycles"])

    def expect_all_sound(self, schedule, *options, **fixed):
        """Both machines, both core splits, streamed and resident, one slot and two."""
        for hw, split, resident, buffers in itertools.product(
                LATENCY, ("heads", "q"), ("false", "true"), (1, 2)):
            if "--as-published" in options and buffers == 2:
                continue
            factors = {"heads": 2, "q_rows": 6, "kv_cols": 4, "kv_resident": resident,
                       "buffers": buffers, "core_split": split, **fixed}
            self.expect_sound(hw, schedule, *options, **factors)

    def test_flat(self):
        self.expect_all_sound("flat")

    def test_serial_flat(self):
        self.expect_all_sound("flat", "--as-published")

    def test_layerwise(self):
        self.expect_all_sound("layerwise")

    def test_softpipe(self):
        self.expect_all_sound("softpipe")

    def test_masks(self):
        for workload, schedule, hw, split, resident in itertools.product(
                MASKS, ("layerwise", "softpipe", "flat", "mas", "flash2", "flash3"), LATENCY,
                ("heads", "q"), ("false", "true")):
            self.expect_sound(hw, schedule, workload=workload, heads=2, q_rows=4, kv_cols=4,
                              kv_resident=resident, core_split=split)

    def test_mas_with_every_look_ahead(self):
        for lookahead in (0, 1, 2, 3):
            self.expect_all_sound("mas", lookahead=lookahead)

    def test_flash2(self):
        self.expect_all_sound("flash2")

    def test_flash3_with_every_look_ahead(self):
        for lookahead in (0, 1, 2, 3):
            self.expect_all_sound("flash3", lookahead=lookahead)
        self.expect_all_sound("flash3", lookahead=2, kv_cols=KV_LEN)

    def test_splits_of_keys(self):
        """Fewer sub-tiles than cores, as many, some that do not divide; one of them narrow or not."""
        for hw, resident, cols, rows, lookahead in itertools.product(
                LATENCY, ("false", "true"), (21, 11, 7, 4, 3), (6, 26), (0, 2)):
            self.expect_sound(hw, "flash3", heads=2, q_rows=rows, kv_cols=cols,
                              kv_resident=resident, lookahead=lookahead, core_split="kv")
        self.expect_all_sound("flash2", core_split="kv")

    def test_queries_that_do_not_divide_by_the_cores(self):
        """A core without the last tile of a group waits for the others that share its K and V."""
        hw = "mas-edge"
        for rows, resident, buffers, lookahead in itertools.product(
                (2, 9, 10, 24), ("false", "true"), (1, 2), (0, 1, 2)):
            self.expect_sound(hw, "mas", heads=1, q_rows=rows, kv_cols=6, kv_resident=resident,
                              buffers=buffers, lookahead=lookahead, core_split="q")

    def test_mas_with_overwrite(self):
        for hw, which, split, buffers, rows in itertools.product(
                LATENCY, ("k", "v"), ("heads", "q"), (1, 2), (2, 5, 6)):
            self.expect_sound(hw, "mas", heads=1, q_rows=rows, kv_cols=4, kv_resident="true",
                              buffers=buffers, lookahead=1, overwrite=which, core_split=split)


class ScriptTest(unittest.TestCase):
    def test_launch_and_repeat_are_those_of_the_machine_and_the_workload(self):
        hw = str(CHANNELS)
        graph, result = evaluate(hw, "flat", q_rows=6, kv_cols=4)
        with tempfile.TemporaryDirectory() as folder:
            files = pathlib.Path(folder, "graph.graphml"), pathlib.Path(folder, "result.json")
            files[0].write_text(graph)
            files[1].write_text(json.dumps(result))

            def check(launch, repeat):
                done = subprocess.run(
                    [sys.executable, SCRIPT, *files, f"--kv-len={KV_LEN}",
                     f"--k-column-bytes={COLUMN_BYTES['K']}",
                     f"--v-column-bytes={COLUMN_BYTES['V']}",
                     f"--latency={LATENCY[hw]}", f"--launch={launch}", f"--repeat={repeat}"],
                    capture_output=True, text=True, timeout=120)
                return done.returncode, done.stdout

            self.assertEqual(check(LAUNCH[hw], REPEAT), (0, ""))
            self.assertRegex(check(0, REPEAT)[1], r"\Acycles is \d+, but [^\n]*\n\Z")
            self.assertIn("dram_read_bytes is ", check(LAUNCH[hw], 1)[1])


class CorruptedGraph(unittest.TestCase):
    """A sound graph, to be corrupted by tests."""

    def evaluate(self, hw, schedule, **factors):
        self.hw = hw
        self.graph, self.result = evaluate(hw, schedule, **factors)
        self.assertEqual(problems(hw, self.graph, self.result), [])
        self.keys = keys_of(self.graph)

    def nodes(self, operation):
        """The texts of all vertices of an operation."""
        return [node for node in re.findall(r"<node .*?</node>", self.graph, re.S)
                if f">{operation}<" in node]

    def value(self, node, name):
        return int(re.search(rf'"{self.keys[name]}">(-?\d+)<', node).group(1))

    def changed(self, node, **values):
        for name, value in values.items():
            node = re.sub(rf'("{self.keys[name]}">)[^<]*<', rf"\g<1>{value}<", node)
        return node

    def expect_found_out(self, old, new, *, says):
        self.assertIn(old, self.graph)
        found = problems(self.hw, self.graph.replace(old, new), self.result)
        self.assertTrue(any(says in problem for problem in found), found[:5])


class CorruptedGraphTest(CorruptedGraph):
    """The checks are no empty promise: a graph that lies is found out."""

    def setUp(self):
        self.evaluate(str(CHANNELS), "mas", heads=1, q_rows=5, kv_cols=4, kv_resident="true",
                      buffers=2, lookahead=1, overwrite="k", core_split="heads")

    def test_a_start_that_is_too_early(self):
        node = self.nodes("softmax")[3]
        start, end = self.value(node, "start"), self.value(node, "end")
        self.expect_found_out(node, self.changed(node, start=start - 1, end=end - 1),
                              says="softmax")

    def test_an_operation_that_is_too_long_for_its_queue(self):
        node = self.nodes("matmul_qk")[0]
        self.expect_found_out(node, self.changed(node, end=self.value(node, "end") + 9999),
                              says="two things at once")

    def test_a_load_that_is_missing(self):
        for which in (0, -1):
            self.expect_found_out(self.nodes("load_K")[which], "", says="not loaded there")

    def test_a_reload_that_is_missing(self):
        reload = [node for node in self.nodes("load_K") if "landing" in node][1]
        self.expect_found_out(reload, "", says="nobody loaded again")

    def test_the_share_of_another_core_that_is_missing(self):
        self.evaluate("mas-edge", "mas", heads=1, q_rows=9, kv_cols=4, core_split="q")
        helper = [node for node in self.nodes("load_V") if self.value(node, "core") == 1][-1]
        self.expect_found_out(helper, "", says="reads V that was not loaded")

    def test_a_core_that_does_not_wait_for_another_ones_share(self):
        self.hw = "mas-edge"
        self.graph, self.result = evaluate(self.hw, "mas", heads=1, q_rows=9, kv_cols=4,
                                           core_split="q")
        self.keys = keys_of(self.graph)
        helper = [node for node in self.nodes("load_V") if self.value(node, "core") == 1][0]
        source = re.search(r'id="(n\d+)"', helper).group(1)
        edges = [edge for edge in re.findall(r"<edge .*?</edge>", self.graph, re.S)
                 if f'source="{source}"' in edge and ">data<" in edge]
        for edge in edges:
            self.graph = self.graph.replace(edge, "")
        found = problems(self.hw, self.graph, self.result)
        self.assertTrue(any("has no edge from load_V" in problem for problem in found), found[:5])

    def test_another_tile_in_the_slot(self):
        node = self.nodes("load_V")[1]
        other = self.changed(node, sub_tile=self.value(node, "sub_tile") + 1)
        self.expect_found_out(node, other, says="reads V that was not loaded")

    def test_a_slot_that_is_written_too_soon(self):
        node = self.nodes("load_Q")[2]
        self.expect_found_out(node, self.changed(node, start=0, end=1), says="is rewritten at 0")

    def test_bytes_that_do_not_add_up(self):
        node = self.nodes("store_O")[0]
        self.expect_found_out(node, self.changed(node, bytes=self.value(node, "bytes") + 1),
                              says="dram_write_bytes")

    def test_a_softmax_after_its_product(self):
        node = self.nodes("softmax")[0]
        late = max(self.value(other, "end") for other in self.nodes("matmul_pv"))
        self.expect_found_out(node, self.changed(node, start=late, end=late + 1),
                              says="ends after a P V")

    def test_a_makespan_that_is_not_the_last_end(self):
        self.result["cost"]["cycles"] += 1
        self.assertTrue(any("cycles" in problem for problem in
                            problems(self.hw, self.graph, self.result)))


class CorruptedOnlineGraphTest(CorruptedGraph):
    """The same for an online softmax."""

    def setUp(self):
        self.evaluate(str(CHANNELS), "flash3", heads=1, q_rows=5, kv_cols=4, buffers=2, lookahead=2)

    def test_a_rescaling_that_is_missing(self):
        self.expect_found_out(self.nodes("rescale")[2], "", says="was not rescaled")

    def test_a_rescaling_of_another_sub_tile(self):
        node = self.nodes("rescale")[1]
        other = self.changed(node, sub_tile=self.value(node, "sub_tile") + 1)
        self.expect_found_out(node, other, says="was not rescaled")

    def test_a_division_before_its_last_product(self):
        node = self.nodes("normalise")[1]
        self.expect_found_out(node, self.changed(node, start=0, end=1), says="before the P V")

    def test_a_division_that_is_missing(self):
        self.expect_found_out(self.nodes("normalise")[-1], "", says="before what it stores is there")

    def test_a_merge_of_a_part_that_is_missing(self):
        self.evaluate(str(CHANNELS), "flash3", heads=1, q_rows=5, kv_cols=4, lookahead=1,
                      core_split="kv")
        self.expect_found_out(self.nodes("load_part")[1], "", says="before its parts are there")
        self.expect_found_out(self.nodes("save_state")[1], "", says="before what it stores")
        node = self.nodes("store_part")[-1]
        late = self.changed(node, start=99999, end=99999 + self.value(node, "end")
                            - self.value(node, "start"))
        self.expect_found_out(node, late, says="before its parts are there")

    def test_the_scores_of_another_sub_tile(self):
        node = self.nodes("online_softmax")[1]
        other = self.changed(node, sub_tile=self.value(node, "sub_tile") + 1)
        self.expect_found_out(node, other, says="does not read the scores of its sub-tile")

    def test_a_state_that_nobody_left(self):
        node = self.nodes("online_softmax")[1]
        reads = re.search(rf'"{self.keys["reads"]}">([^<]*)<', node).group(1)
        self.expect_found_out(node, self.changed(node, reads=reads.split()[0]), says="reads 0 states")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
