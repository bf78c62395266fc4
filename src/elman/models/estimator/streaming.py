"""Share what the streams of estimators have: rows that take one step at a time, with numbers kept beside their state.

A stream answers with the network alone. A model that answers with something else, or with a mixture, reads whole
sequences, so that a stream of it is refused unless the network is asked for.
"""

import hashlib
from collections.abc import Sequence
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
from elman.streams.state import Owner, checked

Floats = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float64]


class RowStream:
    """Rows of a network, or of several side by side, each row in its own place of its own sequence.

    Args:
        networks: what take the steps.
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

    def __init__(
        self, networks: Sequence[nn.Module], batch: int, precision: str, kept: str = "", width: int = 0
    ) -> None:
        self._streams = [Stream(network, batch, precision) for network in networks]
        first = self._streams[0]
        self.batch, self.precision, self.backend = batch, first.precision, first.backend
        self._name = kept
        self.kept = np.zeros((batch, width), np.float32)

    def reset(self, rows: Any = None) -> None:
        """Begin new sequences.

        Args:
            rows: the number of a row, or several; None for all. Others are not changed.

        Raises:
            InputError: they are not numbers from 0 to B - 1.
        """
        for stream in self._streams:
            stream.reset(rows)
        self.kept[slice(None) if rows is None else np.asarray(rows, np.int64)] = 0

    @property
    def state(self) -> StreamState:
        """Return a copy of the state; set it to go on from there.

        Raises:
            InputError: setting the state of another model, precision or batch; nothing is changed.
        """
        states = [stream.state for stream in self._streams]
        return StreamState(self._owner(states), np.hstack([*(state.values for state in states), self.kept]))

    @state.setter
    def state(self, state: StreamState) -> None:
        states = [stream.state for stream in self._streams]
        widths = [one.values.shape[1] for one in states]
        found = checked(state, self._owner(states), sum(widths) + self.kept.shape[1])
        *inner, self.kept[:] = np.split(found, np.cumsum(widths), axis=1)
        for stream, one, values in zip(self._streams, states, inner, strict=True):
            stream.state = StreamState(one.owner, values)

    def _step(self, steps: Any) -> Floats:
        """Let every network read the next step of each row; return what they answer, side by side, `(B, M*F)`."""
        found = [stream.step(steps) for stream in self._streams]
        return found[0] if len(found) == 1 else np.hstack(found)

    def _owner(self, states: Sequence[StreamState]) -> Owner:
        first, names = states[0].owner, [self._name] if self._name else []
        layers = tuple(layer for state in states for layer in state.owner.layers)
        digests = "".join(state.owner.digest for state in states)
        digest = digests if len(states) == 1 else hashlib.sha256(digests.encode()).hexdigest()
        return replace(first, layers=(*layers, *names), digest=digest)


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
