"""Train a decoder on batches of targets, and decode the best hypotheses as texts: the base of what writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.items import as_texts
from elman.data.sequences import Rows, Sequences, sorted_batches
from elman.data.tokenizer import UNKNOWN, Tokenizer
from elman.errors import DataError
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.estimator.base import Estimator
from elman.models.estimator.examples import ByLength
from elman.models.estimator.options import WriterOptions
from elman.models.estimator.reports import Report
from elman.models.networks.beam_search import Beam, search
from elman.models.networks.choices import (
    Values,
    Written,
    choose_answer,
    choose_beam,
    failure,
    held_out_grid,
    usual_beam,
)
from elman.models.networks.decoder import Decoder, Source, Targets, Writing
from elman.models.scoring.counts import baselines
from elman.models.scoring.texts import exact
from elman.options import checked
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

    A child makes its network (`_make_network`), shows it some data (`_target_examples`), has the tokenizer of what is
    written (`_tokenizer`), and, after training, has the search and the answer chosen on held-out data (`_choose`).

    Attributes:
        held_out_: how the network and simple models did on the held-out part; None with nothing held out, and in a
            model that was loaded.
    """

    loss_unit = LOSS_UNIT
    answer_: Answer
    held_out_: Report | None = None

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

    def predict(self, X: Any, beam: int | None = None, length_penalty: float | None = None) -> list[str]:
        """Return a text for each input."""
        raise NotImplementedError

    def _beam(self, beam: int | None = None, length_penalty: float | None = None) -> Beam:
        """Return the search of the arguments; where those are None of the options; of those the one that was chosen.

        Raises:
            InputError: an argument is out of range.
        """
        asked = {"beam": beam, "length_penalty": length_penalty}
        given = self.get_params(deep=False) | {name: value for name, value in asked.items() if value is not None}
        options: Any = checked(self.options, given)
        chosen = {name: self.chosen_.get(name) for name in asked if getattr(options, name) is None}
        return usual_beam(replace(options, **chosen))

    def _choose_beam(self, write: Callable[[Beam], Sequence[str]], wanted: Sequence[str]) -> Beam:
        """Return the search with the best held-out chrF, and keep what was left open in `chosen_`."""
        options = self._options()
        beam = choose_beam(write, wanted, options)
        found = {"beam": beam.width, "length_penalty": beam.length_penalty}
        self.chosen_ |= {name: value for name, value in found.items() if getattr(options, name) is None}
        return beam

    def _choose_answer(self, written: Written, wanted: Sequence[str]) -> None:
        """Set `answer_` and `held_out_` from what the network and simple models wrote for held-out inputs."""
        self.answer_ = choose_answer(written, wanted, self.answer)
        bad = failure(written[NETWORK], wanted, self.answer)
        title = f"held out, {len(wanted):,} {self.example}s"
        self.held_out_ = Report(title, [held_out_grid(written, wanted)], [bad] if bad else [])

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
            batch=options.batch_size or 1,
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
) -> tuple[list[str], Values]:
    """Return the best text for each row, and how unsure the decoder is of it: -ln P for each symbol, `(n,)`.

    Args:
        decoder: what writes, in evaluation mode.
        text_of: makes a text of symbols.
        source_of: what some of the rows are written from.
        lengths: rows of like length are written side by side, `(n,)`.
        limits: symbols to write at most for each row, `(n,)`.
        beam: how to search. The unknown symbol is never written.
    """
    texts, doubts = [""] * len(lengths), np.zeros(len(lengths))
    for rows in sorted_batches(lengths, AT_ONCE):
        found = search(Writing(decoder, source_of(rows), never=(UNKNOWN,)), limits[rows], beam)
        for row, hypothesis in zip(rows.tolist(), found, strict=True):
            texts[row] = text_of(hypothesis.symbols)
            doubts[row] = -hypothesis.log_probability / (len(hypothesis.symbols) + 1)
    return texts, doubts


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
