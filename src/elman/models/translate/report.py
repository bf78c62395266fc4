"""Compare a translator with two baselines that need no network: copying, and the nearest known source."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from elman.data.tokenizer import Kind
from elman.models.estimator.reports import Report
from elman.models.scoring.texts import score_grid
from elman.models.translate.memory import NearestNeighbour, Pairs, TranslationMemory
from elman.rounding import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class CopySource:
    """Gives back what it was given. Names and numbers come out right."""

    name = "copy of the source"

    def fit(self, sources: Sequence[str], targets: Sequence[str]) -> Self:
        """Learn nothing."""
        return self

    def predict(self, sources: Sequence[str]) -> list[str]:
        """Return the sources."""
        return list(sources)


class AttentionMap(NamedTuple):
    """The attention weights of one translation.

    Attributes:
        source: the symbols that were read.
        target: the symbols that were written; the last one is the end.
        weights: the weight of each source symbol at each step of the decoder, `(len(target), len(source))`; rows sum
            to 1.
    """

    source: list[str]
    target: list[str]
    weights: npt.NDArray[np.float32]

    def draw(self) -> "Figure":
        """Draw the weights as a picture."""
        from elman.pictures import attention_map

        return attention_map(self.weights, self.source, self.target)


def translation_report(
    title: str,
    asked: Pairs,
    known: Pairs,
    written: Mapping[str, Sequence[str]],
    tokens: Kind,
    memory: TranslationMemory | None,
    draw: "Callable[[], Figure] | None",
) -> Report:
    """Return scores of the baselines and of a translator on the same pairs.

    Args:
        title: the title of the report.
        asked: the pairs to measure on.
        known: the pairs of training, from which the baselines learn.
        written: the translator's own translations of the sources, by the name of the row.
        tokens: how targets are cut.
        memory: the translator's memory, or None.
        draw: draws the picture of the report; None for no picture.
    """
    sources, targets = asked
    baselines = {simple.name: simple.fit(*known).predict(sources) for simple in (CopySource(), NearestNeighbour())}
    seen = set(known[0])
    again = sum(source in seen for source in sources)
    notes = [f"sources that were in the training file too: {again:,}"] if again else []
    notes += memory_notes(memory, sources)
    return Report(title, [score_grid({**baselines, **written}, targets, tokens)], notes, draw)


def memory_notes(memory: TranslationMemory | None, sources: Sequence[str]) -> list[str]:
    """Return how often a memory answers, or that it never does, as notes of a report; none without a memory."""
    if memory is None:
        return []
    if memory.threshold is None:
        return ["the memory never answers: on the held-out pairs the network was as good at any similarity"]
    answered, asked = memory.answers(sources), counted(len(sources), "source")
    return [f"the memory answered for {answered:,} of {asked}: those {memory.threshold:.2f} near or nearer"]
