"""Choose the search of a model that writes, and what it answers with, on held-out texts, by chrF.

A loss in nats says how likely the right text is, not how good the text is that a search finds: a network of a good loss
may write nothing at all. Both choices are therefore made on what is written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from elman.data.splits import pick
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.estimator.options import WriterOptions
from elman.models.estimator.reports import Cell, Grid
from elman.models.networks.beam_search import Beam
from elman.models.scoring.texts import chrf, count_ngrams, exact
from elman.options import AnswerName

WIDTHS, PENALTIES = (5, 1), (0.6, 0.0, 1.2, 2.0)
"""The searches to try where the options leave them open; of two equally good ones the earlier is taken."""
SEARCHED, MEASURED = 200, 1000
"""Held-out texts on which the search is chosen at most, and what the model answers with."""
FOLDS = 5
"""Parts of the held-out texts for cross-fitting."""
UNIT = "1 - chrF"
"""The unit of the losses of an `Answer`, 0 to 1."""
Values = npt.NDArray[np.float64]
"""Of each input, `(n,)`: how near it is to a known one, or how unsure the network is of it."""
Written = Mapping[str, Sequence[str]]
"""The texts that each candidate wrote, by name."""


def usual_beam(options: WriterOptions) -> Beam:
    """Return the search that the options ask for, as is usual where they leave it open."""
    penalty = PENALTIES[0] if options.length_penalty is None else options.length_penalty
    return Beam(options.beam or WIDTHS[0], penalty)


def choose_beam(write: Callable[[Beam], Sequence[str]], wanted: Sequence[str], options: WriterOptions) -> Beam:
    """Return the search whose texts have the best chrF.

    Args:
        write: writes by a search.
        wanted: what should be written.
        options: width and penalty that are given there are not changed.
    """
    beams = list(_beams(options))
    return beams[0] if len(beams) == 1 else max(beams, key=lambda beam: score(write(beam), wanted))


def _beams(options: WriterOptions) -> Iterator[Beam]:
    """Return what is tried; the penalty makes no difference to a width of 1."""
    usual = usual_beam(options)
    for width in WIDTHS if options.beam is None else (options.beam,):
        for penalty in PENALTIES if options.length_penalty is None and width > 1 else (usual.length_penalty,):
            yield Beam(width, penalty)


def choose_answer(written: Written, wanted: Sequence[str], answer: AnswerName) -> Answer:
    """Return the candidate with the best chrF, the first of those as good.

    Args:
        written: what each candidate wrote, the network first.
        wanted: what should have been written.
        answer: "network" takes the network whatever it wrote.
    """
    losses = {name: 1 - score(texts, wanted) for name, texts in written.items()}
    name = NETWORK if answer == "network" else min(losses, key=lambda one: losses[one])
    return Answer(name, {name: 1.0}, losses, UNIT)


def score(got: Sequence[str], wanted: Sequence[str]) -> float:
    """Return chrF, 0 to 1."""
    return float(chrf(count_ngrams(got, wanted).sum(axis=0))) / 100


def choose_threshold(values: Values, above: Sequence[str], below: Sequence[str], wanted: Sequence[str]) -> float | None:
    """Return the value from which on one candidate's texts, with another's for the rest, have the best chrF.

    Where thresholds are as good as each other the highest is taken; None where none is better than the second alone.

    Args:
        values: what decides, of each input.
        above: the texts for inputs with large values.
        below: the texts for the others.
        wanted: what should have been written.
    """
    others, ours = count_ngrams(above, wanted), count_ngrams(below, wanted)
    candidates, which = np.unique(-values, return_inverse=True)
    gained = np.zeros((len(candidates), *ours.shape[1:]), dtype=np.int64)
    np.add.at(gained, which, others - ours)
    alone = ours.sum(axis=0)
    scores = chrf(alone + gained.cumsum(axis=0))
    best = int(scores.argmax())
    return float(-candidates[best]) if scores[best] > chrf(alone) else None


def switch(values: Values, above: Sequence[str], below: Sequence[str], threshold: float | None) -> list[str]:
    """Return the first candidate's text for each input whose value reaches the threshold, else the second's."""
    least = np.inf if threshold is None else threshold
    return [one if value >= least else other for value, one, other in zip(values, above, below, strict=True)]


def cross_switched(values: Values, above: Sequence[str], below: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the same with a threshold for each fold that was chosen on the other folds, which flatters nobody."""
    texts, folds = list(below), np.arange(len(values)) % FOLDS
    for fold in range(min(FOLDS, len(values)) if len(values) > 1 else 0):
        known, asked = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        learned = (pick(side, known) for side in (above, below, wanted))
        threshold = choose_threshold(values[known], *learned)
        for row in asked[values[asked] >= (np.inf if threshold is None else threshold)].tolist():
            texts[row] = above[row]
    return texts


def held_out_grid(written: Written, wanted: Sequence[str]) -> Grid:
    """Return a table of chrF, of 100, and of the share that is exactly right."""
    rows: list[list[Cell]] = [
        [name, 100 * score(texts, wanted), exact(texts, wanted)] for name, texts in written.items()
    ]
    return Grid(["", "chrF", "exact"], rows, len(wanted))


def failure(got: Sequence[str], wanted: Sequence[str], wanted_answer: AnswerName) -> str | None:
    """Return a line that names a network which writes nothing, or nothing right, and what to do; None otherwise."""
    empty = sum(not text.strip() for text in got)
    if 2 * empty < len(got) and score(got, wanted) > 0:
        return None
    what = f"wrote nothing for {empty:,} of {len(got):,} held-out texts" if empty else "wrote no held-out text right"
    other = "set answer to best, or " if wanted_answer == "network" else ""
    return f"the network {what}: {other}train it longer (epochs), on smaller batches, or give more examples"
