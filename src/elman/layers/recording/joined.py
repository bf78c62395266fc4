"""Join several calls of one module into one sequence, such as those of a loop that calls a layer once a step."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from elman.errors import InputError
from elman.layers.recording.call import Call
from elman.layers.recording.steps import Steps


class Joined:
    """Calls of one module, joined along time; it has the attributes of `Steps`, for the last layer, forward.

    Tensors are (T, B, H), T the steps of all calls. A call that no gradient reached has gradients of 0, as long as some
    call has one.

    Args:
        calls: At least one, in their order.
        layer: The index of the layer in the module.
    """

    reverse = False

    def __init__(self, calls: Sequence[Call], layer: int = -1) -> None:
        self._calls = calls
        self._parts = [call[layer] for call in calls]
        if len(calls) > 1 and any((0, "reverse") in call.steps for call in calls):
            raise InputError(
                "record: expected calls in one direction to join, got calls in both: each begins at its own end"
            )
        sizes = sorted({part.mask.shape[1] for part in self._parts})
        if len(sizes) > 1:
            raise InputError(f"record: expected calls with one batch size to join, got {sizes}: join calls of one size")

    def __getitem__(self, layer: int) -> "Joined":
        return Joined(self._calls, layer)

    def __repr__(self) -> str:
        return f"<Joined: {len(self._parts)} calls, {len(self.mask)} steps>"

    @property
    def h(self) -> Tensor:
        """The state after each step."""
        return self._cat(lambda part: part.h)

    @property
    def c(self) -> Tensor:
        """The LSTM's cell after each step."""
        return self._cat(lambda part: part.c)

    @property
    def h_0(self) -> Tensor:
        """The state before the first step, (B, H)."""
        return self._parts[0].h_0

    @property
    def c_0(self) -> Tensor:
        """The LSTM's cell before the first step, (B, H)."""
        return self._parts[0].c_0

    @property
    def x(self) -> Tensor:
        """The layer's input, (T, B, I)."""
        return self._cat(lambda part: part.x)

    @property
    def gates(self) -> dict[str, Tensor]:
        """The gates' values by name."""
        return self._by_name(lambda part: part.gates)

    @property
    def dh(self) -> Tensor:
        """dL/dh_t."""
        return self._gradient(lambda part: part.dh)

    @property
    def dc(self) -> Tensor:
        """dL/dc_t."""
        return self._gradient(lambda part: part.dc)

    @property
    def dgates(self) -> dict[str, Tensor]:
        """The loss's derivative by each gate's pre-activation."""
        names = self._parts[0].gate_names
        return {name: self._gradient(lambda part, name=name: part.dgates[name]) for name in names}  # type: ignore[misc]

    @property
    def mask(self) -> Tensor:
        """True where a sequence has a step, (T, B), bool."""
        return self._cat(lambda part: part.mask)

    @property
    def lengths(self) -> Tensor:
        """The number of steps of each sequence, (B,)."""
        return self.mask.sum(0)

    def _cat(self, get: Callable[[Steps], Tensor]) -> Tensor:
        return torch.cat([get(part) for part in self._parts])

    def _by_name(self, get: Callable[[Steps], dict[str, Tensor]]) -> dict[str, Tensor]:
        found = [get(part) for part in self._parts]
        return {name: torch.cat([values[name] for values in found]) for name in found[0]}

    def _gradient(self, get: Callable[[Steps], Tensor]) -> Tensor:
        """Return the gradients of all calls, with 0 for calls that no gradient reached.

        Raises:
            InputError: No call has one.
        """
        found: list[Tensor | None] = []
        for part in self._parts:
            try:
                found.append(get(part))
            except InputError:
                found.append(None)
        some = next((value for value in found if value is not None), None)
        if some is None:
            return get(self._parts[0])
        rows = [len(part.mask) for part in self._parts]
        zeros = (some.new_zeros(count, *some.shape[1:]) for count in rows)
        return torch.cat([zero if value is None else value for value, zero in zip(found, zeros, strict=True)])
