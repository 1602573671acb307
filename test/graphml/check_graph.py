#!/usr/bin/env python3
"""Checks a graph written by `tilewright evaluate --reference --graph` against plain sense.

It knows what attention is and what a slot is, and nothing of how tilewright computes a makespan.
Prints what is wrong; exit status 1 if anything is.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

XML = "{http://graphml.graphdrawing.org/xmlns}"


@dataclasses.dataclass(frozen=True)
class Use:
    """A slot of one phase, whose it is, and which of its successive contents is meant."""

    core: int
    pool: str
    index: int
    content: int

    @property
    def slot(self):
        return (self.core, self.pool, self.index)


@dataclasses.dataclass
class Operation:
    node: str
    operation: str
    queue: str
    phase: int
    core: int
    round: int
    pair: int
    q_tile: int
    sub_tile: int
    bytes: int
    start: int
    end: int
    reads: list
    writes: list

    @property
    def tile(self):
        return (self.pair, self.sub_tile)

    @property
    def place(self):
        return (self.phase, self.core, self.round, self.pair)

    def __str__(self):
        return (f"{self.operation} {self.node} (core {self.core} round {self.round} pair {self.pair} "
                f"sub-tile {self.sub_tile}, {self.start}..{self.end})")


def parse_uses(text):
    uses = []
    for word in (text or "").split():
        core, pool, index, content = re.fullmatch(r"(\d+):(\w+)\[(\d+)\]#(\d+)", word).groups()
        uses.append(Use(int(core), pool, int(index), int(content)))
    return uses


def read_graph(text):
    """(operations, edges) of a GraphML text; an edge is (source, target, lag)."""
    root = ElementTree.fromstring(text)
    names = {key.get("id"): key.get("attr.name") for key in root.iter(XML + "key")}
    operations = []
    for node in root.iter(XML + "node"):
        data = {names[item.get("key")]: item.text for item in node.iter(XML + "data")}
        numbers = {name: int(data[name]) for name in (
            "phase", "core", "round", "pair", "q_tile", "sub_tile", "bytes", "start", "end")}
        operations.append(Operation(node=node.get("id"), operation=data["operation"],
                                    queue=data["queue"], reads=parse_uses(data["reads"]),
                                    writes=parse_uses(data["writes"]), **numbers))
    edges = []
    for edge in root.iter(XML + "edge"):
        data = {names[item.get("key")]: item.text for item in edge.iter(XML + "data")}
        edges.append((edge.get("source"), edge.get("target"), int(data["lag"])))
    return operations, edges


@dataclasses.dataclass(frozen=True)
class Mask:
    """A causal mask over query rows that stand query by query, `sharing` heads each."""

    q_len: int
    sharing: int
    window: int

    def sees(self, row, key, kv_len):
        own = row // self.sharing + kv_len - self.q_len
        return key <= own and (self.window == 0 or own - key < self.window)


class Checker:
    def __init__(self, text, result, kv_len, column_bytes, latency, launch, repeat, mask=None):
        everything, self.edges = read_graph(text)
        self.everything = {op.node: op for op in everything}
        self.operations = [op for op in everything if op.operation != "barrier"]
        self.result = result
        self.kv_len = kv_len
        self.column_bytes = column_bytes
        self.latency = latency
        self.mask = mask
        self.launch = launch
        self.repeat = repeat
        self.sub_tiles = -(-kv_len // result["tiling"]["kv_cols"])
        self.problems = []
        self.splits_keys = result["tiling"]["core_split"] == "kv"
        self.parts = len({op.core for op in self.operations if op.operation == "matmul_qk"})
        self.by_place = collections.defaultdict(list)
        self.loads = collections.defaultdict(list)
        for op in self.operations:
            self.by_place[(op.operation, *op.place)].append(op)
            self.loads[(op.phase, op.operation, op.tile)].append(op)

    def run(self):
        for check in (self.queues, self.edges_hold, self.slots, self.coverage, self.matmuls,
                      self.lock_step, self.softmaxes, self.online_softmaxes, self.rescalings,
                      self.normalisations, self.merges, self.stores, self.overwritten, self.totals):
            check()
        return self.problems

    def wrong(self, text):
        self.problems.append(text)

    def of(self, operation, op):
        """Operations of that name for the round and pair of `op`."""
        return self.by_place[(operation, *op.place)]

    def of_step(self, operation, op, later=0):
        """The same for the sub-tile of `op` alone, or one `later`."""
        return [other for other in self.of(operation, op)
                if other.sub_tile == op.sub_tile + later]

    def queues(self):
        queues = collections.defaultdict(list)
        for op in self.operations:
            queues[(op.core, op.queue)].append(op)
        for queue, members in queues.items():
            members.sort(key=lambda op: (op.start, op.end))
            for before, after in zip(members, members[1:]):
                if after.start < before.end:
                    self.wrong(f"queue {queue} does two things at once: {before} and {after}")

    def edges_hold(self):
        """Nobody starts before its reasons to wait are over, nor waits without one."""
        earliest = dict.fromkeys(self.everything, 0)
        for source, target, lag in self.edges:
            if source in self.everything and target in self.everything:
                earliest[target] = max(earliest[target], self.everything[source].end + lag)
        for node, op in self.everything.items():
            if op.start != earliest[node]:
                self.wrong(f"{op} could have started at {earliest[node]}")

    def slots(self):
        """No slot is written anew before all that read and wrote its content have ended."""
        contents = collections.defaultdict(lambda: [None, 0])
        for op in self.operations:
            for use in op.writes:
                entry = contents[(op.phase, *use.slot, use.content)]
                entry[0] = op.start if entry[0] is None else min(entry[0], op.start)
                entry[1] = max(entry[1], op.end)
            for use in op.reads:
                entry = contents[(op.phase, *use.slot, use.content)]
                entry[1] = max(entry[1], op.end)
        previous, free = None, 0
        for key in sorted(contents):
            begin, end = contents[key]
            if begin is None:
                self.wrong(f"slot {key} is read and never written")
                continue
            if key[:-1] != previous:
                previous, free = key[:-1], 0
            if begin < free:
                self.wrong(f"slot {key} is rewritten at {begin}, in use until {free}")
            free = max(free, end)

    def coverage(self):
        """Every matmul of attention is done once, every pair and query tile stored once a phase."""
        for name in ("matmul_qk", "matmul_pv"):
            done = collections.Counter((op.pair, op.q_tile, op.sub_tile)
                                       for op in self.operations if op.operation == name)
            rounds = {(pair, q_tile) for pair, q_tile, _ in done}
            if self.splits_keys and any(op.sub_tile % self.cores() != op.core
                                        for op in self.operations if op.operation == name):
                self.wrong(f"{name}: a sub-tile is not on its core")
            wanted = {(*tile, j) for tile in rounds for j in self.needed(tile[1])}
            # Cores in lock-step also compute what only the others need.
            extra = set() if self.mask is None or not self.shares() else set(done) - wanted
            if set(done) != wanted | extra or max(done.values(), default=0) != 1:
                self.wrong(f"{name}: not every sub-tile of every pair and query tile once")
        # Parts once on every core.
        stored = collections.Counter((op.operation, op.pair, op.q_tile,
                                      op.core if op.operation == "store_part" else None)
                                     for op in self.operations
                                     if op.operation.startswith("store"))
        if max(stored.values(), default=0) != 1:
            self.wrong("something is stored twice or never")

    def cores(self):
        """Between two sub-tiles of a core that splits keys with others."""
        own = sorted({op.sub_tile for op in self.operations
                      if op.operation == "matmul_qk" and op.core == 0})
        return own[1] if len(own) > 1 else self.parts

    def needed(self, q_tile):
        """Sub-tiles in which a row of the query tile sees a key."""
        if self.mask is None:
            return set(range(self.sub_tiles))
        height, width = self.result["tiling"]["q_rows"], self.result["tiling"]["kv_cols"]
        rows = range(q_tile * height,
                     min((q_tile + 1) * height, self.mask.q_len * self.mask.sharing))
        return {key // width for row in rows for key in range(self.kv_len)
                if self.mask.sees(row, key, self.kv_len)}

    def shares(self):
        """Whether a core uses slots of another one."""
        return any(use.core != op.core for op in self.operations for use in op.reads + op.writes)

    def lock_step(self):
        """Cores that share slots start together, and whoever reads a shared tile first has an edge from
        every core's load of it."""
        if not self.shares():
            return
        together = collections.defaultdict(list)
        for op in self.operations:
            together[(op.phase, op.operation, op.round, op.pair, op.sub_tile)].append(op)
        for members in together.values():
            if len({op.start for op in members}) != 1:
                self.wrong(f"{members[0]} and {members[-1]} do not start together")
        edges = {(source, target) for source, target, _ in self.edges}
        for op in self.operations:
            if op.operation not in ("matmul_qk", "matmul_pv") or op.core != 0:
                continue
            operand = "K" if op.operation == "matmul_qk" else "V"
            uses = set(self.columns(op))
            first = min(other.round for other in self.loads[(op.phase, f"load_{operand}", op.tile)]
                        if uses <= set(other.writes))
            for load in self.loads[(op.phase, f"load_{operand}", op.tile)]:
                if (uses <= set(load.writes) and op.round == first
                        and (load.node, op.node) not in edges):
                    self.wrong(f"{op} has no edge from {load}")

    def loaded(self, reader, operand, uses):
        """Whether all bytes of the sub-tile are in these slot contents when `reader` starts, whichever
        cores load them. Nobody may still be loading it."""
        loads = [op for op in self.loads[(reader.phase, f"load_{operand}", reader.tile)]
                 if set(uses) <= set(op.writes)]
        columns = self.result["tiling"]["kv_cols"]
        columns = min(columns, self.kv_len - reader.sub_tile * columns)
        return (sum(op.bytes for op in loads) == columns * self.column_bytes[operand]
                and all(op.end + self.latency <= reader.start for op in loads))

    @staticmethod
    def is_rows(op, use):
        """The use is the operand that has the query rows: Q, or P wherever it lies."""
        if op.operation == "matmul_qk" or use.pool == "in":
            return use.pool == "in"
        return use.pool == "p" or (use.pool == "s" and use.content % 2 == 0)

    def columns(self, op):
        """The uses of a matmul that are K or V."""
        return [use for use in op.reads if use.pool != "out" and not self.is_rows(op, use)]

    def matmuls(self):
        for op in self.operations:
            if op.operation not in ("matmul_qk", "matmul_pv"):
                continue
            operand = "K" if op.operation == "matmul_qk" else "V"
            columns = self.columns(op)
            if not columns:
                self.wrong(f"{op} reads no {operand}")
            elif not self.loaded(op, operand, columns):
                self.wrong(f"{op} reads {operand} that was not loaded there in time")
            self.rows(op, [use for use in op.reads if self.is_rows(op, use)])

    def rows(self, op, uses):
        if len(uses) != 1:
            self.wrong(f"{op} reads {len(uses)} row operands")
            return
        if uses[0].pool == "in":
            operand = "Q" if op.operation == "matmul_qk" else "P"
            makers, delay = self.of(f"load_{operand}", op), self.latency
        else:
            makers, delay = self.of("softmax", op) or self.of_step("online_softmax", op), 0
        if len(makers) != 1 or uses[0] not in makers[0].writes:
            self.wrong(f"{op} reads {uses[0]}, which nobody made for it")
        elif op.start < makers[0].end + delay:
            self.wrong(f"{op} starts before {makers[0]} is there")

    def softmaxes(self):
        for op in self.operations:
            if op.operation != "softmax":
                continue
            scores, delay = self.of("matmul_qk", op), 0
            if not scores:
                scores, delay = self.of("load_S", op), self.latency
            elif not self.needed(op.q_tile) <= {score.sub_tile for score in scores}:
                self.wrong(f"{op} has only {len(scores)} matmuls before it")
            if not scores or any(op.start < maker.end + delay for maker in scores):
                self.wrong(f"{op} starts before its scores are there")
            # Scores of all pairs of a round share a slot: it waits for the whole round.
            for other in self.operations:
                if (other.operation == "matmul_qk" and other.place[:3] == op.place[:3]
                        and other.end > op.start):
                    self.wrong(f"{op} starts before {other} of its round")
            if any(other.start < op.end for other in self.of("matmul_pv", op)):
                self.wrong(f"{op} ends after a P V that needs it")

    def online_softmaxes(self):
        """Each reads the scores of its own sub-tile, of all pairs of its step, and the state that the
        one before has left."""
        for op in self.operations:
            if op.operation != "online_softmax":
                continue
            scores = self.of_step("matmul_qk", op)
            if len(scores) != 1 or not set(scores[0].writes) <= set(op.reads):
                self.wrong(f"{op} does not read the scores of its sub-tile")
            for other in self.operations:
                if (other.operation == "matmul_qk" and other.place[:3] == op.place[:3]
                        and other.sub_tile == op.sub_tile and other.end > op.start):
                    self.wrong(f"{op} starts before {other} of its step")
            begins = op.sub_tile == self.steps(op)[0]
            self.expect_state(op, self.of_step("online_softmax", op, -self.stride(op)), not begins)
            if any(other.start < op.end for other in self.of_step("matmul_pv", op)):
                self.wrong(f"{op} ends after a P V that needs it")

    def steps(self, op):
        """The sub-tiles that the round and pair of `op` go through one by one, in order."""
        return sorted(other.sub_tile for other in self.of("online_softmax", op))

    def stride(self, op):
        """From a step's sub-tile to the next one's."""
        steps = self.steps(op)
        return steps[1] - steps[0] if len(steps) > 1 else 1

    def expect_state(self, op, makers, wanted=True):
        """`op` reads the state that its maker left, if one is wanted."""
        states = [use for use in op.reads if use.pool == "state"]
        if len(states) != wanted:
            self.wrong(f"{op} reads {len(states)} states")
        elif wanted and (len(makers) != 1 or states[0] not in makers[0].writes
                         or op.start < makers[0].end):
            self.wrong(f"{op} reads a state that is not there")

    def rescalings(self):
        """Between the P V of two sub-tiles, O is brought to the maximum of the second one."""
        for op in self.operations:
            if op.operation == "matmul_pv" and op.sub_tile in self.steps(op)[1:]:
                before = self.of_step("rescale", op, -self.stride(op))
                if len(before) != 1 or op.start < before[0].end:
                    self.wrong(f"{op} adds to an O that was not rescaled")
            if op.operation == "rescale":
                self.after_products(op, self.step_products(op))
                self.expect_state(op, self.of_step("online_softmax", op, self.stride(op)))

    def normalisations(self):
        for op in self.operations:
            if op.operation == ("save_state" if self.splits_keys else "normalise"):
                self.after_products(op, self.of("matmul_pv", op))
                self.expect_state(op, self.of_step("online_softmax", op))
                if op.sub_tile != self.steps(op)[-1]:
                    self.wrong(f"{op} comes before the last sub-tile")

    def step_products(self, op):
        """P V of all pairs of the step: they share a slot."""
        return [other for other in self.operations
                if other.operation == "matmul_pv" and other.place[:3] == op.place[:3]
                and other.sub_tile == op.sub_tile]

    def after_products(self, op, products):
        if not products or any(op.start < other.end for other in products):
            self.wrong(f"{op} starts before the P V that it adjusts")

    def merges(self):
        """Each takes one row of every part, after every core has stored its part of every row."""
        merges = [op for op in self.operations if op.operation == "merge"]
        if not self.splits_keys:
            if merges:
                self.wrong(f"{merges[0]} merges what is no part")
            return
        stored = max(op.end for op in self.operations if op.operation == "store_part")
        rows = collections.Counter((op.pair, op.q_tile) for op in merges)
        pairs = {op.pair for op in self.operations if op.operation == "matmul_qk"}
        if max(rows.values(), default=0) != 1 or len(rows) % len(pairs) != 0:
            self.wrong("not every row of every pair is merged once")
        for op in merges:
            loads = self.of("load_part", op)
            if (len(loads) != 1 or not set(loads[0].writes) & set(op.reads)
                    or op.start < loads[0].end + self.latency or loads[0].start < stored):
                self.wrong(f"{op} starts before its parts are there")

    def stores(self):
        makers = {"store_O": "merge" if self.splits_keys else "matmul_pv",
                  "store_part": "save_state", "store_S": "matmul_qk", "store_P": "softmax"}
        for op in self.operations:
            if op.operation in makers:
                made = self.of(makers[op.operation], op)
                if op.operation == "store_O" and self.of("online_softmax", op):
                    made = self.of("normalise", op)
                if not made or any(op.start < maker.end for maker in made):
                    self.wrong(f"{op} starts before what it stores is there")

    def overwritten(self):
        """A sub-tile whose slot P takes is loaded anew every round, after the P that destroyed it: of
        the core whose slot it is."""
        which = self.result["tiling"]["overwrite"]
        if which == "none":
            return
        name, load = ("matmul_qk", "load_K") if which == "k" else ("matmul_pv", "load_V")
        again = [op for op in self.operations
                 if op.operation == name and any(use.pool == "landing" for use in op.reads)]
        if not again:
            self.wrong("nothing was loaded again in spite of an overwrite")
        first = min((op.sub_tile for op in again), default=0)
        for op in self.operations:
            if op.operation != name or op.sub_tile < first or (which == "k" and op.round == 0):
                continue
            loads = [other for other in self.of(load, op) if other.sub_tile == op.sub_tile]
            destroyer_round = op.round - 1 if which == "k" else op.round
            owner = next(use.core for use in op.reads if not self.is_rows(op, use))
            destroyers = [other for other in self.operations
                          if other.operation == "softmax" and other.core == owner
                          and other.round == destroyer_round]
            if len(loads) != 1 or not destroyers or any(loads[0].start < other.end
                                                        for other in destroyers):
                self.wrong(f"{op} reads a sub-tile that P destroyed and nobody loaded again")

    def totals(self):
        cost = self.result["cost"]
        for prefix, key in (("load", "dram_read_bytes"), ("store", "dram_write_bytes")):
            moved = self.repeat * sum(op.bytes for op in self.operations
                                      if op.operation.startswith(prefix))
            if moved != cost[key]:
                self.wrong(f"{key} is {cost[key]}, but the operations move {moved}")
        last = max(op.end for op in self.operations)
        if self.launch + self.repeat * last != cost["cycles"]:
            self.wrong(f"cycles is {cost['cycles']}, but the last operation ends at {last}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph", type=pathlib.Path, help="GraphML file")
    parser.add_argument("result", type=pathlib.Path, help="JSON file of the same evaluation")
    for option, what in (("--kv-len", "of the workload"),
                         ("--k-column-bytes", "qk_dim times bytes of an element of K"),
                         ("--v-column-bytes", "v_dim times bytes of an element of V"),
                         ("--repeat", "of the workload"),
                         ("--latency", "memory.dram.latency_cycles of the machine"),
                         ("--launch", "launch_cycles of the machine")):
        parser.add_argument(option, type=int, required=True, metavar="N", help=what)
    parser.add_argument("--mask", type=int, nargs=3, metavar=("Q_LEN", "SHARING", "WINDOW"),
                        help="of a causal workload: q_len, heads / kv_heads, window or 0")
    given = parser.parse_args()
    problems = Checker(given.graph.read_text("utf-8"), json.loads(given.result.read_text("utf-8")),
                       given.kv_len, {"K": given.k_column_bytes, "V": given.v_column_bytes},
                       given.latency, given.launch, given.repeat,
                       Mask(*given.mask) if given.mask else None).run()
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
