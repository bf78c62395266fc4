"""Declare kinds of data, their sets and scores, and write the rows of a table for them."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Split:
    """Examples to learn and examples to be measured on; no training sees the second part."""

    X: Any
    y: Any
    asked: Any
    answers: Any

    def __str__(self) -> str:
        return f"{len(self.X):,} / {len(self.asked):,}"


@dataclass(frozen=True)
class Set:
    """A data set.

    Attributes:
        name: the name that `--sets` takes.
        origin: a line that says where it is from.
        load: returns the data.
        needs: the archives that it is read from.
        quick: whether `--quick` takes it.
    """

    name: str
    origin: str
    load: Callable[[], Any]
    needs: tuple[str, ...] = ()
    quick: bool = False


@dataclass
class Score:
    """The result of one contestant on one set.

    Attributes:
        figures: the one that counts first.
        seconds: of training.
        note: the settings that were chosen.
        refused: why the contestant refused the set.
    """

    figures: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    note: str = ""
    refused: str = ""

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the processor's seconds of a block, which other processes of the machine hardly change."""
        start = time.process_time()
        yield
        self.seconds += time.process_time() - start

    @property
    def main(self) -> float:
        """The figure that counts."""
        return next(iter(self.figures.values()))

    def cell(self) -> str:
        """Return figures and seconds as the table has them."""
        figures = "/".join(
            f"{100 * value:.1f}" if name in PERCENT else f"{value:.3f}" for name, value in self.figures.items()
        )
        return f"{figures}  {self.seconds:.1f}s"


PERCENT = {"accuracy", "unknown words", "exact", "coverage", "entities F1"}
Scores = dict[str, Score]
"""The scores of a set, Elman's first."""


@dataclass(frozen=True)
class Kind:
    """A kind of data: how Elman and the peers are measured on it, and what Elman has to reach.

    Attributes:
        name: its name on the command line.
        measure: what the figures are.
        rule: what Elman has to reach, in words.
        sets: the data sets.
        elman: measures Elman with default options and a seed.
        peers: measure the others, by name; each is run once, unless seconds are judged.
        misses: returns what a set misses, given its scores.
        verdict: returns a line on all sets together and whether it is met; None where every set has to meet the rule.
        slow: peers that `--quick` leaves out.
        judges_seconds: whether the rule compares seconds.
    """

    name: str
    measure: str
    rule: str
    sets: list[Set]
    elman: Callable[[Any, int], Score]
    peers: dict[str, Callable[[Any], Score]]
    misses: Callable[[Scores], list[str]]
    verdict: Callable[[dict[str, Scores]], tuple[str, bool]] | None = None
    slow: tuple[str, ...] = ()
    judges_seconds: bool = False


def header(kind: Kind, peers: Sequence[str]) -> str:
    """Return the lines above the rows of a kind: what is measured, what has to be reached, and the contestants."""
    return f"\n{kind.name}: {kind.measure}; {kind.rule}\n" + _line(["set", "training / test", "Elman", *peers], peers)


def row(kind: Kind, one: Set, size: str, ours: Sequence[Score], scores: Scores) -> str:
    """Return the lines of a set: the scores, whether Elman reached what it has to, and what it chose.

    Args:
        kind: the kind of data.
        one: the set.
        size: the sizes of its parts.
        ours: Elman's score with each seed.
        scores: the median of each contestant, Elman's first.
    """
    if refusals := [score.refused for score in ours if score.refused]:
        return f"{one.name}, {size}: MISSED: refused: {refusals[0]}"
    misses = kind.misses(scores)
    spread = f"seeds {', '.join(f'{score.main:.3f}' for score in ours)}; " if len(ours) > 1 else ""
    return (
        _line([one.name, size, *(score.cell() for score in scores.values())], list(scores)[1:])
        + (f"MISSED: {'; '.join(misses)}" if misses else "MET")
        + f"\n    {one.origin}; {spread}{ours[0].note}"
    )


def summarize(kind: Kind, found: dict[str, Scores]) -> bool:
    """Print the medians over the sets, and say whether the kind reached what it has to."""
    if not found:
        return True
    names = list(next(iter(found.values())))
    medians = {name: median([scores[name] for scores in found.values() if name in scores]) for name in names}
    print("median: " + " | ".join(f"{name} {score.cell()}" for name, score in medians.items()))
    missed = [name for name, scores in found.items() if kind.misses(scores)]
    line = f"{len(found) - len(missed)} of {len(found)} sets met"
    met = not missed
    if kind.verdict:
        more, met = kind.verdict(found)
        line += f"; {more}"
    print(f"{kind.name}: {line}: {'MET' if met else 'MISSED'}", flush=True)
    return met


def median(scores: Sequence[Score]) -> Score:
    """Return the median of each figure that all have, and of the seconds."""
    names = [name for name in scores[0].figures if all(name in score.figures for score in scores)]
    figures = {name: statistics.median(score.figures[name] for score in scores) for name in names}
    return Score(figures, statistics.median(score.seconds for score in scores), scores[0].note)


def _line(cells: list[str], peers: Sequence[str]) -> str:
    """Return cells in columns: the set, its sizes, Elman and peers."""
    widths = [26, 20, *(max(24, len(name) + 2) for name in ("Elman", *peers))]
    return "".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))


def at_least(scores: Scores, share: float = 0.0) -> list[str]:
    """Return the peers whose main figure is above Elman's by more than a share of a whole."""
    ours = scores["Elman"].main
    return [f"below {name}" for name, score in scores.items() if name != "Elman" and ours < score.main - share]
