"""Define the training task of predicting the next symbol."""

import math
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.bptt import Position, Reach, State, Streams, Truncated, pack_state, unpack_state, zero_rows
from elman.bptt.streams import IGNORED
from elman.bptt.truncated import each
from elman.errors import InputError
from elman.models.networks.symbols import SymbolNetwork
from elman.quoting import quote
from elman.train import Batch, ranks

HELD_OUT_WINDOW = 256
HELD_OUT_STREAM = 512
"""Held-out streams are at least this long."""
RUN_UP = 64
"""Steps that each held-out stream reads ahead of its first one, so that cutting a text in streams costs it nothing."""


class NextSymbol:
    """Streams of symbols, learned window by window with carried state. Each epoch starts from zero states.

    Args:
        network: what learns.
        through_time: the training streams, and how far gradients reach back in them.
        held_out: streams to measure on, or None.
        baselines: held-out losses of simpler predictors, by name.
    """

    target = "char"
    loss_unit = "nats/char"

    def __init__(
        self,
        network: SymbolNetwork,
        through_time: Truncated,
        held_out: Streams | None,
        baselines: dict[str, float],
    ) -> None:
        self.network = network
        self.through_time = through_time
        streams = cast(Streams, through_time.streams)
        self._rows = streams.batch
        if ranks.count() > 1:
            own = streams.share(ranks.rank(), ranks.count())
            self.through_time = Truncated(own, through_time.k1, through_time.k2)
        self.baselines = baselines
        self.held_out = held_out
        self.steps_per_epoch = self.through_time.windows
        self._position = Position()
        self._after = Position()

    def forward(self) -> Batch:
        """Run the next window."""
        reach = self.through_time.run(self.network.recur, self._position)
        self._after = reach.after
        return Batch(mean_loss(self.network, reach), reach.count)

    def advance(self) -> None:
        """Move on to the next window, or to the start of the next epoch."""
        self._position = Position() if self.through_time.ended(self._after) else self._after

    def evaluate(self) -> float | None:
        """Return the mean loss over the held-out streams, in nats per character."""
        if self.held_out is None:
            return None
        own = self.held_out.share(ranks.rank(), ranks.count())
        total = float(target_nats(self.network, own).sum(dtype=np.float64)) if own.batch else 0.0
        return ranks.totals(total)[0] / self.held_out.pairs

    def state(self) -> tuple[dict[str, int], dict[str, Tensor]]:
        """Return the place in the streams and the state carried there, that of all ranks; a collective call."""
        numbers, state = {"step": self._position.step, "start": self._position.start}, self._position.state
        whole = None if state is None else each(state, lambda part: ranks.whole(part, self._rows))
        return numbers, pack_state(whole, "carried")

    def restore(self, numbers: dict[str, int], tensors: dict[str, Tensor]) -> None:
        """Go back to a place in the streams.

        Raises:
            InputError: there is no such place, or the state carried there is of other sizes.
        """
        step = numbers.get("step")
        start = self.through_time.start_of(step) if type(step) is int else None
        if step is None or start is None or numbers.get("start") != start:
            raise InputError(f"task: no window at step {quote(step)} that starts at {quote(numbers.get('start'))}")
        self._check_carried(start, tensors)
        state = unpack_state(tensors, "carried")
        own = slice(ranks.rank(), None, ranks.count())
        if state is not None and ranks.count() > 1:
            state = each(state, lambda part: part[:, own].contiguous())
        self._position = Position(step, start, state)

    def _check_carried(self, start: int, tensors: dict[str, Tensor]) -> None:
        """See that a state is carried into any start but the first, of the sizes of this network and these data."""
        recurrent = self.network.recurrent
        wanted = (recurrent.num_layers, self._rows, recurrent.hidden_size)
        names = [f"carried.{part}" for part in range((2 if recurrent.mode == "LSTM" else 1) if start else 0)]
        if sorted(tensors) != names:
            raise InputError(f"task: expected the state {names}, got {quote(sorted(tensors))}")
        for name, part in tensors.items():
            if part.shape != wanted or part.dtype != torch.float32 or not part.isfinite().all():
                raise InputError(f"task: {name}: expected finite numbers, {wanted}, got {quote(tuple(part.shape))}")

    def describe(self, loss: float) -> dict[str, float]:
        """Return the loss in bits per character."""
        return {"bits_per_char": loss / math.log(2)}


def mean_loss(network: SymbolNetwork, reach: Reach) -> Tensor:
    """Return the mean loss of a window, in nats; padded targets are left out."""
    scores = network.score(reach.features)
    return cross_entropy(scores.flatten(0, 1), reach.targets.flatten(), ignore_index=IGNORED)


@torch.no_grad()
def target_nats(network: SymbolNetwork, streams: Streams) -> npt.NDArray[np.float32]:
    """Return the loss in nats of every target of the streams, state carried, in the order of the text: `(N - 1,)`.

    Put the network in `eval` first. Targets of streams that are not in a share have 0.
    """
    through_time = Truncated(streams, HELD_OUT_WINDOW)
    found = np.zeros(streams.pairs, np.float32)
    position = Position(state=_run_up(network, streams))
    while not through_time.ended(position):
        reach = through_time.run(network.recur, position)
        steps = position.step + np.arange(len(reach.targets))[:, None]
        scores = network.score(reach.features).flatten(0, 1)
        nats = cross_entropy(scores, reach.targets.flatten(), ignore_index=IGNORED, reduction="none")
        counted = steps < streams.lengths
        found[(streams.starts + steps)[counted]] = nats.view(counted.shape).numpy()[counted]
        position = reach.after
    return found


def _run_up(network: SymbolNetwork, streams: Streams) -> State | None:
    """Return the state in which each stream finds the text: zero for the first, what came before it for the others.

    Where documents cut the text each stream starts from zero, because what came before may be another document.
    """
    first = torch.from_numpy(streams.starts == 0)
    if streams.has_documents or first.all():
        return None
    _, state = network.recur(streams.window(-RUN_UP, 0).inputs, None)
    return zero_rows(state, first)
