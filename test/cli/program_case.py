"""What the tests of the program share: running it, and files to run it on."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "tilewright"  # set by main()

TUNE = ["tune", "--hw", "mas-edge", "--workload", "bert-base", "--schedule", "mas"]
COMPARE = ["compare", "--hw", "mas-edge", "--workload", "bert-base", "--schedules", "flat,mas"]
EVALUATE = ["evaluate", "--hw", "mas-edge", "--workload", "vit-b-16", "--schedule", "flat"]


def workload_yaml(**shape):
    values = {"name": "case", "heads": 2, "q_len": 32, "qk_dim": 16, **shape}
    lines = "".join(f"    {key}: {value}\n" for key, value in values.items() if key != "name")
    return (
        "schema: tilewright/workload/v1\nname: cases\ndescription: for a test\nworkloads:\n"
        f"  - name: {values['name']}\n{lines}"
    )


def without_search_blocks(text):
    """YAML text without the lines of every `search:` block."""
    kept, skip_below = [], None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if skip_below is not None and indent > skip_below:
            continue
        skip_below = indent if line.strip() == "search:" else None
        if skip_below is None:
            kept.append(line)
    return "\n".join(kept)


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, *arguments, **options):
        command = [PROGRAM, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)

    def succeed(self, *arguments):
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def fails(self, status, *arguments, says=()):
        """The program ends with `status` and one line on standard error that has all of `says`."""
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"\Atilewright: [^\n]+\n\Z")
        for part in says:
            self.assertIn(part, done.stderr)
        return done

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def profile(self, old, new):
        text = (ROOT / "hw_profiles" / "mas-edge.yaml").read_text()
        self.assertIn(old, text)
        return self.file("profile.yaml", text.replace(old, new))


def main(usage):
    """Runs the tests of the calling script on the program that its first argument names."""
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit(usage)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
