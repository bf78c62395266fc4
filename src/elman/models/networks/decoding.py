"""Train a decoder on batches of targets, and decode the best hypotheses as texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from elman.data.sequences import Rows, Sequences, sorted_batches
from elman.data.tokenizer import UNKNOWN
from elman.errors import DataError
from elman.models.estimator.examples import ByLength
from elman.models.estimator.options import WriterOptions
from elman.models.networks.beam_search import Beam, search
from elman.models.networks.decoder import Decoder, Source, Targets, Writing
from elman.models.scoring.counts import baselines
from elman.quoting import quote
from elman.train import Batch

LOSS_UNIT = "nats/symbol"
AT_ONCE = 64
"""Texts that are written side by side."""


def padded(sequences: Sequences, rows: Rows) -> tuple[Tensor, Tensor]:
    """Return sequences of symbols side by side, `(B, T)`, zeros after their ends, and their lengths, `(B,)`."""
    chosen = sequences.take(rows)
    lengths = chosen.lengths
    symbols = np.zeros((len(rows), int(lengths.max())), dtype=np.int64)
    symbols[np.arange(symbols.shape[1]) < lengths[:, None]] = chosen.values
    return torch.from_numpy(symbols), torch.from_numpy(lengths)


@dataclass(frozen=True)
class TargetExamples:
    """Examples of what should be written, for `ByLength`.

    Attributes:
        decoder: what learns to write them.
        source_of: what some of the rows are written from.
        targets: the symbols, each sequence with its end.
        lengths: examples of like length go together, `(n,)`.
        smoothing: see `Decoder.loss`.
        forcing: likewise.
    """

    decoder: Decoder
    source_of: Callable[[Rows], Source]
    targets: Sequences
    lengths: npt.NDArray[np.int64]
    smoothing: float = 0.0
    forcing: float = 1.0

    def loss(self, rows: Rows) -> Batch:
        """Return the mean loss on some of the examples."""
        targets = Targets(*padded(self.targets, rows))
        loss = self.decoder.loss(self.source_of(rows), targets, smoothing=self.smoothing, forcing=self.forcing)
        return Batch(loss, int(targets.lengths.sum()))


def writing_task(
    network: nn.Module, learned: TargetExamples, measured: TargetExamples | None, options: WriterOptions, symbols: int
) -> ByLength:
    """Return the task of learning to write.

    Args:
        network: what learns.
        learned: examples to learn from.
        measured: examples held out, or None.
        options: batch and seed.
        symbols: how many there are; to the baselines one that can only be copied is unknown.
    """

    def known(examples: TargetExamples) -> npt.NDArray[np.int64]:
        values = examples.targets.values
        return np.where(values < symbols, values, UNKNOWN)

    simple = baselines(known(learned), known(measured), symbols) if measured else {}
    return ByLength(
        network,
        learned,
        measured,
        batch=options.batch_size,
        seed=options.seed,
        target="symbol",
        loss_unit=LOSS_UNIT,
        baselines=simple,
    )


@torch.no_grad()
def write_all(
    decoder: Decoder,
    text_of: Callable[[Sequence[int]], str],
    source_of: Callable[[Rows], Source],
    lengths: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
    beam: Beam,
) -> list[str]:
    """Return the best text for each row.

    Args:
        decoder: what writes, in evaluation mode.
        text_of: makes a text of symbols.
        source_of: what some of the rows are written from.
        lengths: rows of like length are written side by side, `(n,)`.
        limits: symbols to write at most for each row, `(n,)`.
        beam: how to search. The unknown symbol is never written.
    """
    texts = [""] * len(lengths)
    for rows in sorted_batches(lengths, AT_ONCE):
        found = search(Writing(decoder, source_of(rows), never=(UNKNOWN,)), limits[rows], beam)
        for row, hypothesis in zip(rows.tolist(), found, strict=True):
            texts[row] = text_of(hypothesis.symbols)
    return texts


def check_targets(targets: Sequence[str], sources: int) -> None:
    """See that there is a target for every source, and something to learn.

    Raises:
        DataError: there are more or fewer, or all targets are the same.
    """
    if len(targets) != sources:
        raise DataError(f"y: expected {sources:,} targets, one for each source, got {len(targets):,}")
    if len(set(targets)) == 1:
        raise DataError(
            f"y: every target is {quote(targets[0])}: give at least two different ones, or there is nothing to learn"
        )


def search_of(options: WriterOptions) -> Beam:
    """Return the beam search that the options ask for."""
    return Beam(options.beam, options.length_penalty)
