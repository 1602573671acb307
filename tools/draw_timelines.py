#!/usr/bin/env python3
"""Draws the pictures of docs/schedules.md: runs every command there that has `--timeline`.

draw_timelines.py PATH_OF_TILEWRIGHT           draws them anew, after a change that is meant
draw_timelines.py PATH_OF_TILEWRIGHT --check   says which differ, and which schedules have none
"""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "schedules.md"


def sections(text):
    """{title: text} of every section `## title`."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def commands(text):
    """The commands in indented lines that draw a picture, as lists of words."""
    lines = re.findall(r"^    (tilewright (?:.*\\\n)*.*)$", text, flags=re.MULTILINE)
    words = [shlex.split(line.replace("\\\n", " ")) for line in lines]
    return [command for command in words if "--timeline" in command]


def draw(program, command, folder):
    """Runs a command of the page with its picture in `folder`; returns (name in docs/, bytes)."""
    at = command.index("--timeline") + 1
    name = command[at]
    path = pathlib.Path(folder) / pathlib.Path(name).name
    done = subprocess.run([program, *command[1:at], path, *command[at + 1:]], cwd=ROOT,
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(command)}\n{done.stderr}")
    return name, path.read_bytes()


def pictures(program, page):
    with tempfile.TemporaryDirectory() as folder:
        return dict(draw(program, command, folder) for command in commands(page))


def schedules(program):
    text = subprocess.run([program, "list", "schedules"], capture_output=True, text=True,
                          check=True, timeout=60).stdout
    return [line.split()[0] for line in text.splitlines() if line.strip()]


def missing(program, page):
    """What a schedule lacks of a section with a picture and the command that draws it."""
    found = sections(page)
    for schedule in schedules(program):
        name = f"images/timeline-{schedule}.svg"
        section = found.get(schedule, "")
        drawn = [command[command.index("--timeline") + 1] for command in commands(section)]
        if f"({name})" not in section or f"docs/{name}" not in drawn:
            yield (f"docs/schedules.md: expected a section '## {schedule}' with the picture "
                   f"{name} and the command that draws it")


def differences(program, page):
    for name, picture in pictures(program, page).items():
        path = ROOT / name
        if not path.exists() or path.read_bytes() != picture:
            yield f"{name} differs: draw it anew with tools/draw_timelines.py"


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--check"]):
        sys.exit(__doc__)
    program = str(pathlib.Path(sys.argv[1]).resolve())
    page = PAGE.read_text(encoding="utf-8")
    if sys.argv[2:]:
        problems = [*missing(program, page), *differences(program, page)]
        print("\n".join(problems))
        sys.exit(1 if problems else 0)
    for name, picture in pictures(program, page).items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_bytes(picture)
        print(name)


if __name__ == "__main__":
    main()
