"""Train a decoder on batches of targets, and decode the best hypotheses as texts: the base of what writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.items import as_texts
from elman.data.sequences import Rows, Sequences, sorted_batches
from elman.data.tokenizer import UNKNOWN, Tokenizer
from elman.errors import DataError
from elman.models.estimator.base import Estimator
from elman.models.estimator.examples import ByLength
from elman.models.estimator.options import WriterOptions
from elman.models.networks.beam_search import Beam, search
from elman.models.networks.decoder import Decoder, Source, Targets, Writing
from elman.models.scoring.counts import baselines
from elman.models.scoring.texts import exact
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

    def known(self, size: int) -> npt.NDArray[np.int64]:
        """Return all symbols, for counting: one of no vocabulary, which can only be copied, as the unknown one."""
        values = self.targets.values
        return np.where(values < size, values, UNKNOWN)


class Writer(Estimator):
    """An estimator whose network writes a text for each input.

    A child makes its network (`_make_network`), shows it some data (`_target_examples`), and has the tokenizer of what
    is written (`_tokenizer`).
    """

    loss_unit = LOSS_UNIT

    @property
    def _tokenizer(self) -> Tokenizer:
        raise NotImplementedError

    def _make_network(self, options: Any) -> None:
        """Set `network_` with first weights."""
        raise NotImplementedError

    def _target_examples(self, data: Any, *training_only: float) -> TargetExamples:
        """Return data that `prepare` encoded as examples, with label smoothing and teacher forcing for training."""
        raise NotImplementedError

    def score(self, X: Any, y: Any) -> float:
        """Return the share of inputs whose text is exactly as it should be, 0 to 1.

        Raises:
            DataError: `X` or `y` cannot be used, or one is longer.
            InputError: the model is not fitted.
        """
        targets, found = as_texts(y, "y"), self.predict(X)
        if len(found) != len(targets):
            raise DataError(f"y: expected {len(found):,} targets, one for each source, got {len(targets):,}")
        return exact(found, targets)

    def predict(self, X: Any) -> list[str]:
        """Return a text for each input."""
        raise NotImplementedError

    def _begin(self, training: Any, held_out: Any, options: WriterOptions) -> ByLength:
        """Return the job of learning to write, with a new network."""
        self._make_network(options)
        learned = self._target_examples(training, options.label_smoothing, options.teacher_forcing)
        measured = self._target_examples(held_out) if held_out else None
        size = len(self._tokenizer.vocabulary)
        self.baselines_ = baselines(learned.known(size), measured.known(size), size) if measured else {}
        return ByLength(
            self.network_,
            learned,
            measured,
            batch=options.batch_size,
            seed=options.seed,
            target="symbol",
            loss_unit=LOSS_UNIT,
            baselines=self.baselines_,
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
