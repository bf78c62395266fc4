"""Share what the streams of estimators have: rows that take one step at a time, with numbers kept beside their state.

A stream answers with the network alone. A model that answers with something else, or with a mixture, reads whole
sequences, so that a stream of it is refused unless the network is asked for.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from elman.data.items import Items, as_items
from elman.errors import InputError
from elman.models.estimator.answer import NETWORK, Answer
from elman.options import AnswerName
from elman.quoting import quote
from elman.streams import Stream, StreamState

Floats = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float64]


class RowStream:
    """Rows of a network, each in its own place of its own sequence.

    Args:
        network: what takes the steps.
        batch: B, the number of rows.
        precision: "float32", "bfloat16" or "int8"; see `elman.Stream`.
        kept: names the numbers that each row keeps beside the network's state; empty for none.
        width: how many those are, M; all are 0 at the start of a sequence.

    Attributes:
        batch: B.
        precision: that the network runs in.
        backend: "stream:" and the instruction set, with the reason (`.reason`).
        kept: the numbers that each row keeps, `(B, M)`.
    """

    def __init__(self, network: nn.Module, batch: int, precision: str, kept: str = "", width: int = 0) -> None:
        self._stream = Stream(network, batch, precision)
        self.batch, self.precision, self.backend = batch, self._stream.precision, self._stream.backend
        self._name = kept
        self.kept = np.zeros((batch, width), np.float32)

    def reset(self, rows: Any = None) -> None:
        """Begin new sequences.

        Args:
            rows: the number of a row, or several; None for all. Others are not changed.

        Raises:
            InputError: they are not numbers from 0 to B - 1.
        """
        self._stream.reset(rows)
        self.kept[slice(None) if rows is None else np.asarray(rows, np.int64)] = 0

    @property
    def state(self) -> StreamState:
        """Return a copy of the state; set it to go on from there.

        Raises:
            InputError: setting the state of another model, precision or batch; nothing is changed.
        """
        inner = self._stream.state
        return StreamState(self._own(inner), np.hstack((inner.values, self.kept))) if self._name else inner

    @state.setter
    def state(self, state: StreamState) -> None:
        if not self._name or not isinstance(state, StreamState):
            self._stream.state = state
            return
        inner, width = self._stream.state, self.kept.shape[1]
        found = state.check(self._own(inner), inner.values.shape[1] + width)
        begin = found.shape[1] - width
        self._stream.state = StreamState(inner.owner, found[:, :begin])
        self.kept[:] = found[:, begin:]

    def _own(self, inner: StreamState) -> Any:
        return replace(inner.owner, layers=(*inner.owner.layers, self._name))


def check_answer(found: Answer | None, asked: AnswerName) -> None:
    """Check that the network alone answers, or that it is asked for.

    Args:
        found: what the model answers with; None is its network.
        asked: "network", or "best" for what the model answers with.

    Raises:
        InputError: neither, or something else is asked for.
    """
    if asked not in ("best", NETWORK):
        raise InputError(f"stream: expected answer to be 'best' or 'network', got {quote(asked)}: leave it out")
    if asked != NETWORK and found is not None and found.name != NETWORK:
        raise InputError(
            f"stream: expected a model that answers with its network alone, got one that answers with {found.name} and "
            "reads whole sequences: ask for stream(answer='network'), or fit with answer='network'"
        )


def one_step(x: Any, batch: int) -> Items:
    """Return one step of each row as the steps of one sequence, in a list.

    Args:
        x: a list of B symbols, or one symbol where there is one row; or an array (B, I) of numbers.
        batch: B.

    Raises:
        DataError: they are neither symbols nor finite numbers.
        InputError: there are more or fewer.
    """
    items = as_items([[x] if isinstance(x, str) else x], "step")
    if len(items[0]) != batch:
        raise InputError(
            f"step: expected one step for each of {batch} rows, got {len(items[0])}: give a list of {batch} symbols, "
            f"or an array ({batch}, I)"
        )
    return items
