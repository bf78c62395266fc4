"""Measure Elman and its peers on every set, each contestant and seed as a task of its own, and print the tables."""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context

import torch

from benchmarks.unseen import archives
from benchmarks.unseen.table import Kind, Score, Scores, Set, header, median, row, summarize
from elman.errors import ElmanError

KINDS = ("text", "symbols", "series", "tag", "forecast", "translate", "caption", "generate")
ELMAN = "Elman"


def kind_of(name: str) -> Kind:
    """Return a kind of data; its libraries are imported only when it is asked for."""
    kind: Kind = import_module(f"benchmarks.unseen.kind_{name}").KIND
    return kind


def measured(kind_name: str, set_name: str, contestant: str, seed: int) -> tuple[str, Score]:
    """Measure one contestant on one set; return the sizes of the set's parts, and the score."""
    kind = kind_of(kind_name)
    data = next(one for one in kind.sets if one.name == set_name).load()
    if contestant != ELMAN:
        return str(data), kind.peers[contestant](data)
    try:
        return str(data), kind.elman(data, seed)
    except ElmanError as error:
        return str(data), Score(refused=str(error))


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """Run tasks in so many processes, each with one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"  # of the peers' libraries, which read it when they are imported
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")  # of the peers: models that do not converge, deprecations


class Contest:
    """The contestants on some sets of a kind, being measured.

    Args:
        kind: the kind of data.
        sets: those of its sets to measure on; one whose archives are missing is left out, and a line says so.
        seeds: how often Elman learns each set; of a kind that judges seconds, its peers too, by turns with it.
        quick: whether slow peers are left out.
        pool: where to measure.
    """

    def __init__(self, kind: Kind, sets: Sequence[Set], seeds: int, quick: bool, pool: Executor):
        self.kind, self.sets = kind, sets
        self.peers = [name for name in kind.peers if not (quick and name in kind.slow)]
        self.missing = {one.name: archives.missing(one.needs) for one in sets}
        self.tasks = {one.name: self._begun(one, seeds, pool) for one in sets if not self.missing[one.name]}

    def _begun(self, one: Set, seeds: int, pool: Executor) -> dict[str, list[Future[tuple[str, Score]]]]:
        """Return the measurements on a set by contestant, in the order in which they run: by turns."""
        tasks: dict[str, list[Future[tuple[str, Score]]]] = {name: [] for name in (ELMAN, *self.peers)}
        for seed in range(seeds):
            for name, own in tasks.items():
                if name == ELMAN or seed == 0 or self.kind.judges_seconds:
                    own.append(pool.submit(measured, self.kind.name, one.name, name, seed))
        return tasks

    def run(self) -> bool:
        """Print each row when all of it is measured, and say whether Elman reached what it has to."""
        print(header(self.kind, self.peers), flush=True)
        found: dict[str, Scores] = {}
        refused = False
        for one in self.sets:
            if missing := self.missing[one.name]:
                print(f"{one.name}: not run: get it by {missing}", flush=True)
                continue
            done = {name: [task.result() for task in tasks] for name, tasks in self.tasks[one.name].items()}
            size, ours = done[ELMAN][0][0], [score for _, score in done[ELMAN]]
            scores = {name: median([score for _, score in several]) for name, several in done.items()}
            print(row(self.kind, one, size, ours, scores), flush=True)
            if any(score.refused for score in ours):
                refused = True
            else:
                found[one.name] = scores
        return summarize(self.kind, found) and not refused
