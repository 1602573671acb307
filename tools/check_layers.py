#!/usr/bin/env python3
"""Checks that includes follow the chain of folders. Usage: check_layers.py [ROOT]

common -> {schedules, hw_profiles} -> {costmodel, import} -> search -> {proof, replay} -> report -> batch -> cli: each
folder may include itself and those before it; two in braces do not know each other. Of search, proof may include
what says what a space is and runs threads, and no strategy. Exit status 1 names every line that does otherwise.
"""

import pathlib
import re
import sys

LAYERS = [("common",), ("schedules", "hw_profiles"), ("costmodel", "import"), ("search",),
          ("proof", "replay"), ("report",), ("batch",), ("cli",)]
# What a proof shares with the search that it checks; of the cost model, no bound over several classes.
PROOF_MAY_INCLUDE = {f"search/{name}.h" for name in ("cost", "executor", "front", "objectives", "result", "space")}
PROOF_MAY_NOT_INCLUDE = {"costmodel/coarse_bound.h", "costmodel/least_scores.h"}
# Libraries that have one home.
HOMES = {"boost/": ["costmodel/reference.cpp", "batch/cases.cpp", "batch/ranks_mpi.cpp"], "sqlite3": ["batch/sqlite.h"], "tbb/": ["search/executor.cpp", "batch/runner.cpp"],
         "CLI/": ["cli/"], "Eigen/": ["replay/kernels.cpp"],
         "yaml-cpp/": ["common/", "report/emit_yaml.cpp"],
         "nlohmann/": ["common/json_tree.cpp", "report/result_document.h"]}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def allowed(folder):
    before = set()
    for layer in LAYERS:
        if folder in layer:
            return before | {folder}
        before |= set(layer)
    raise ValueError(folder)


def problems(root):
    for layer in LAYERS:
        for folder in layer:
            for path in sorted((root / folder).rglob("*")):
                if path.suffix in (".h", ".cpp"):
                    yield from problems_of(root, path, allowed(folder))


def problems_of(root, path, may_include):
    name = path.relative_to(root).as_posix()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        kind, target = found.groups()
        folder = target.split("/")[0]
        if kind == '"' and "/" not in target:
            yield f"{name}:{number}: include {target} by its folder"
        elif kind == '"' and folder not in may_include:
            yield f"{name}:{number}: includes {target}, which its layer may not know"
        elif name.startswith("proof/") and (
                target in PROOF_MAY_NOT_INCLUDE
                or folder == "search" and target not in PROOF_MAY_INCLUDE):
            yield f"{name}:{number}: includes {target}: a proof is checked without what found it"
        for library, homes in HOMES.items():
            if target.startswith(library) and not any(name.startswith(home) for home in homes):
                yield f"{name}:{number}: includes {target}, whose home is {', '.join(homes)}"


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    default = pathlib.Path(__file__).resolve().parents[1]
    found = list(problems(pathlib.Path(sys.argv[1]) if len(sys.argv) == 2 else default))
    for problem in found:
        print(problem)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
