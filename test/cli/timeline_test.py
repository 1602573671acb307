#!/usr/bin/env python3
"""Pictures of timelines. Usage: timeline_test.py PATH_OF_TILEWRIGHT"""

import collections
import json
import re
import xml.etree.ElementTree as ElementTree

import program_case
from program_case import EVALUATE, ROOT, CommandLineTest, workload_yaml

SVG = "{http://www.w3.org/2000/svg}"
TILES = "q_rows=32,kv_cols=32,kv_resident=false,buffers=2"
SMALL = ["evaluate", "--hw", ROOT / "docs/examples/small-machine.yaml",
         "--workload", ROOT / "docs/examples/small-attention.yaml"]


class TimelineTest(CommandLineTest):
    def draw(self, *arguments):
        """The root of the picture; it is valid XML without scripts."""
        path = self.folder / "timeline.svg"
        self.output = self.succeed(*arguments, "--timeline", path)
        text = path.read_text(encoding="utf-8")
        self.assertNotIn("script", text)
        return ElementTree.fromstring(text)

    def lanes(self, root):
        """{y: [(x, width, what)]} of all boxes of operations."""
        lanes = collections.defaultdict(list)
        for rect in root.iter(SVG + "rect"):
            title = rect.find(SVG + "title")
            if title is not None:
                place = (float(rect.get("x")), float(rect.get("width")), title.text)
                lanes[int(rect.get("y"))].append(place)
        return lanes

    def words(self, root):
        return [text.text for text in root.iter(SVG + "text")]

    def test_operations_of_a_lane_do_not_overlap_and_stay_in_the_picture(self):
        names = [line.split()[0] for line in self.succeed("list", "schedules").splitlines()]
        self.assertIn("mas", names)
        for schedule in names:
            root = self.draw(*SMALL, "--schedule", schedule, "--tiling", TILES)
            for boxes in self.lanes(root).values():
                boxes.sort()
                for (x, width, _), (following, _, _) in zip(boxes, boxes[1:]):
                    self.assertLessEqual(x + width, following + 0.02)
                last = boxes[-1]
                self.assertLess(last[0] + last[1], float(root.get("width")))

    def test_boxes_say_what_and_when(self):
        root = self.draw(*SMALL, "--schedule", "flat", "--tiling", TILES + ",heads=1")
        what = [box[2] for boxes in self.lanes(root).values() for box in boxes]
        self.assertIn("load Q (core 0, round 0, pair 0, query tile 0): cycles 0 to 86", what)
        self.assertIn("QK 0.0", self.words(root))
        self.assertIn("P 3", self.words(root))
        self.assertEqual([w for w in self.words(root) if w in ("load", "matrix", "vector", "store")],
                         ["load", "matrix", "vector", "store"])

    def test_epochs_are_set_apart_and_elementwise_work_is_on_the_matrix_unit(self):
        machine = (ROOT / "docs/examples/small-machine.yaml").read_text()
        work = ", ".join(f"{name}: {{value: 1, source: assumed}}" for name in
                         ("max", "sub", "exp", "sum"))
        machine = machine.replace("\nvector:", f"  elementwise: {{{work}}}\n\nvector:", 1)
        root = self.draw("evaluate", "--hw", self.file("machine.yaml", machine), *SMALL[3:],
                         "--schedule", "fusemax", "--tiling", TILES + ",heads=1")
        self.assertGreater(sum(line.get("class") == "epoch" for line in root.iter(SVG + "line")), 5)
        matrix = next(boxes for boxes in self.lanes(root).values()
                      if any("matmul" in what for _, _, what in boxes))
        self.assertTrue(any("maxima to state" in what for _, _, what in matrix))

    def test_several_pairs_are_numbered(self):
        root = self.draw(*SMALL, "--schedule", "flat", "--tiling", TILES + ",heads=2",
                         "--timeline-rounds", "0..1")
        self.assertIn("QK 0.1.0", self.words(root))

    def test_cores_have_lanes_of_their_own_and_a_shared_channel_is_one(self):
        root = self.draw(*EVALUATE, "--tiling", "heads=1,q_rows=64,kv_cols=196")
        lanes = [word for word in self.words(root) if word.startswith("core ")]
        self.assertEqual(lanes, [f"core {core} {queue}" for core in (0, 1)
                                 for queue in ("channel", "matrix", "vector")])

    def test_the_chosen_rounds_are_shown_and_others_are_pale(self):
        root = self.draw(*SMALL, "--schedule", "mas", "--tiling", TILES + ",heads=1,lookahead=1",
                         "--timeline-rounds", "2..3")
        for rect in root.iter(SVG + "rect"):
            title = rect.find(SVG + "title")
            if title is not None:
                number = int(re.search(r"round (\d+)", title.text)[1])
                self.assertEqual("pale" in rect.get("class"), number not in (2, 3), title.text)

    def test_rounds_that_are_not_there_are_left_out_of_the_title(self):
        root = self.draw(*SMALL, "--schedule", "flat", "--tiling", TILES + ",heads=1",
                         "--timeline-rounds", "6..100")
        self.assertIn("rounds 6 to 7 of", self.words(root)[0])

    def test_a_timeline_implies_the_reference(self):
        path = self.folder / "timeline.svg"
        text = self.succeed(*EVALUATE, "--tiling", "q_rows=64", "--timeline", path,
                            "--format", "json")
        self.assertIn("reference", json.loads(text))

    def test_the_same_bytes_every_time(self):
        pictures = []
        for name in ("a.svg", "b.svg"):
            path = self.folder / name
            self.succeed(*EVALUATE, "--tiling", "q_rows=64", "--timeline", path)
            pictures.append(path.read_bytes())
        self.assertEqual(*pictures)

    def test_bad_rounds_and_places_are_refused(self):
        path = self.folder / "timeline.svg"
        draw = [*SMALL, "--schedule", "flat", "--tiling", TILES + ",heads=1"]
        for rounds in ("3..2", "-1..2", "a..b", "1..", "..", "1..2..3"):
            self.fails(2, *draw, "--timeline", path, f"--timeline-rounds={rounds}",
                       says=["--timeline-rounds", "FIRST..LAST"])
        self.fails(2, *draw, "--timeline", path, "--timeline-rounds", "8..9",
                   says=["no rounds 8..9", "0..7"])
        self.fails(2, *draw, "--timeline-rounds", "1..2", says=["together with --timeline"])
        self.fails(2, *draw, "--timeline", "-", says=["--timeline", "expected a file"])
        self.fails(2, *draw, "--timeline", path, "--graph", path, says=["also the file of --graph"])
        self.fails(3, *draw, "--timeline", self.folder / "none" / "t.svg", says=["none/t.svg"])
        suite = ["evaluate", "--hw", "mas-edge", "--workload", "mas12", "--schedule", "flat"]
        self.fails(2, *suite, "--tiling", "q_rows=8", "--timeline", path, says=["12"])
        self.assertFalse(path.exists())

    def test_too_many_operations_are_refused(self):
        workload = self.file("long.yaml", workload_yaml(heads=2, q_len=512, kv_len=4096))
        path = self.folder / "timeline.svg"
        self.fails(2, "evaluate", "--hw", "mas-edge", "--workload", workload, "--schedule", "flat",
                   "--tiling", "q_rows=8,kv_cols=8", "--timeline", path,
                   says=["expected at most 4000", "fewer rounds"])
        self.assertFalse(path.exists())


if __name__ == "__main__":
    program_case.main(__doc__)
