"""Record every step of every call of a model's layers within a block, `elman.record`."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn

from elman.errors import InputError
from elman.layers.adoption import is_recurrent, why_not_adopted
from elman.layers.cells import Cell
from elman.layers.recording.call import FORWARD, REVERSE, Call, Joined, shown
from elman.layers.recording.rows import Equation, Layout
from elman.layers.recording.steps import Steps
from elman.layers.recurrent import Recurrent
from elman.ops.trace import PARTS, Trace


class RecordTooLargeError(InputError):
    """A record would exceed its limit; `bytes` is the size of the calls so far and this one."""

    def __init__(self, message: str, wanted: int) -> None:
        super().__init__(message)
        self.bytes = wanted


def record(
    model: Any,
    *,
    only: Collection[str] = PARTS,
    calls: int | None = None,
    limit: int = 2**31,
) -> "Record":
    """Record every step of every `elman.RNN`, `GRU` and `LSTM` in a model, while a `with` block lasts.

    Every call of the model in the block is recorded, and its gradients too, even if the backward pass runs after the
    block. Results and gradients are bit-identical to those without a record. Calls that would run on torch's kernels
    run on the reference within the block, slowly, and `layer.backend.reason` says so.

    Kept for each call, in numbers of the input's type, N = T*B: N*(I + H*(S + 2*G)), with S = 4 states and gradients
    of states (h, c, dh, dc) and G = 4 gates for the LSTM; 9*H in place of 12*H for the GRU, 3*H for the RNN. Without
    gradients half of that. The forward pass's part is memory that its backward pass needs anyway.

    Args:
        model: A layer, or a model that contains layers; call `elman.adopt` on a model of torch.nn's first.
            Or a fitted model of Elman's, such as a TextGenerator: its `network_` is recorded.
        only: The parts to keep, of "h", "c", "gates", "dh", "dc", "dgates". Shares of weights need all but "dc".
        calls: The number of last calls of each module to keep; None keeps all.
        limit: Largest size of all calls together in bytes, 2 GiB by default.

    Returns:
        The record, for `with ... as rec`.

    Raises:
        InputError: There is no layer, the model is not fitted, or an option is out of range; in the block, a layer that
            is recorded already, a call that would go past `limit`, a torch.func transform, autocast, or a backward pass
            with create_graph=True.

    Example:
        >>> layer = elman.LSTM(3, 4)
        >>> with elman.record(layer) as rec:
        ...     y, _ = layer(torch.randn(5, 2, 3))
        >>> y.sum().backward()
        >>> rec.gates["f"].shape, rec.dh.shape, rec.share("weight_hh_l0", 2).shape
        (torch.Size([5, 2, 4]), torch.Size([5, 2, 4]), torch.Size([16, 4]))
    """
    return Record(_network(model), only, calls, limit)


class Record:
    """The recorded steps of the layers of a model; `record` makes one.

    `rec[k]` is layer k of the last call, forward, and `rec[k, "reverse"]` in reverse; k counts over the layers of all
    modules in the order of their first call, from the end if it is negative. `rec["encoder"]`, `rec["encoder", 0]` and
    `rec["encoder", 0, "reverse"]` go by the module's name. `rec.h` and its like are those of `rec[-1]`.

    Attributes:
        calls: A `Call` for each call of a recurrent module, the first one first.
    """

    def __init__(self, model: nn.Module, only: Collection[str], calls: int | None, limit: int) -> None:
        self._layers = {name: m for name, m in model.named_modules() if isinstance(m, Recurrent)}
        self._keep, self._most_calls, self._limit = frozenset(only), calls, limit
        self.calls: list[Call] = []
        self._planned: list[int] = []  # the bytes of each
        self._total = 0
        self._names: list[str] = []
        if not self._layers:
            raise InputError(_no_layer(model))
        if not self._keep or not self._keep <= set(PARTS) or isinstance(only, str):
            raise InputError(f"record: expected only= to name some of {', '.join(PARTS)}; got {only!r}")
        if calls is not None and calls < 1:
            raise InputError(f"record: expected calls= to be at least 1, or None for all; got {calls}")

    def __enter__(self) -> Self:
        taken = [name for name, layer in self._layers.items() if layer.recorder is not None]
        if taken:
            raise InputError(f"record: {taken[0] or 'the layer'} is being recorded already; use that record, or end it")
        for name, layer in self._layers.items():
            layer.recorder = partial(self._begin, name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for layer in self._layers.values():
            del layer.recorder

    def joined(self, name: str | None = None) -> Joined:
        """Return all recorded calls of a module, one after the other, as one sequence.

        For a model that calls its layer once a step, as a decoder does and `TextGenerator.generate`: `joined().gates`
        has every step's gates.

        Args:
            name: The module's name; None where only one was recorded.

        Returns:
            The same attributes as `rec[...]`: tensors (T, B, H) over the steps of all calls, the last layer, forward.
            `joined(...)[k]` is layer k.

        Raises:
            InputError: The module was not called, or its calls differ in their batch, or are in reverse.
        """
        if name is None:
            if len(self._names) != 1:
                raise InputError(f"record: expected the name of one module to join, one of {self._names}; got none")
            name = self._names[0]
        self._last(name)
        return Joined([call for call in self.calls if call.name == name])

    @property
    def names(self) -> list[tuple[str, int, str]]:
        """The module, layer and "forward" or "reverse" of everything recorded, in the order of first calls."""
        return [(name, *key) for name in self._names for key in self._last(name).steps]

    @property
    def nbytes(self) -> int:
        """The bytes of the tensors held now, including those shared with the model's own graph."""
        held = [t.untyped_storage() for call in self.calls for steps in call.steps.values() for t in steps.held]
        return sum({storage.data_ptr(): storage.nbytes() for storage in held}.values())

    def __getitem__(self, key: int | str | tuple[Any, ...]) -> Steps:
        first, *rest = key if isinstance(key, tuple) and key else (key,)
        if isinstance(first, str):
            return self._last(first)[tuple(rest) if len(rest) > 1 else rest[0] if rest else -1]
        layers = list(dict.fromkeys((name, layer) for name, layer, _ in self.names))
        if not layers:
            raise InputError("record: nothing was recorded; call the model within the block")
        if not isinstance(first, int) or not -len(layers) <= first < len(layers):
            raise InputError(f"record: expected a layer from {-len(layers)} to {len(layers) - 1}, got {first!r}")
        name, layer = layers[first]
        return self._last(name)[layer, rest[0] if rest else FORWARD]

    def __iter__(self) -> Iterator[Steps]:
        return (self._last(name)[layer, direction] for name, layer, direction in self.names)

    def __getattr__(self, name: str) -> Any:
        return shown(self, name)

    def share(self, name: str, t: int) -> Tensor:
        """Return the part that step t of the module's last call adds to the gradient of a parameter.

        Args:
            name: The parameter, as `model.named_parameters()` calls it: "weight_hh_l0", "encoder.bias_ih_l0_reverse".
            t: The step, 0 <= t < T.

        Returns:
            In the parameter's shape.

        Raises:
            InputError: There is no such parameter or step, a needed part was not kept, or no gradient has arrived yet.
        """
        module, _, parameter = name.rpartition(".")
        return self._last(module).share(parameter, t)

    def _last(self, name: str) -> Call:
        for call in reversed(self.calls):
            if call.name == name:
                return call
        called = ", ".join(repr(other) for other in self._names) or "no module"
        raise InputError(f"record: {name!r} was not called in the block; {called} was")

    def _begin(
        self, name: str, layer: Recurrent, x: Tensor, batch: int, batch_sizes: Tensor | None, restore: Tensor | None
    ) -> Sequence[Trace]:
        """Prepare the traces for one call of a module, or raise InputError."""
        if torch._C._are_functorch_transforms_active() or torch.is_autocast_enabled(x.device.type):
            raise InputError("record: neither a torch.func transform nor autocast can be recorded; do without either")
        self._drop_oldest(name)
        planned = _planned_bytes(layer, x, batch, self._keep)
        if self._total + planned > self._limit:
            raise RecordTooLargeError(
                f"record: this call of {name or type(layer).__name__} takes {planned:,} bytes, all calls together "
                f"{self._total + planned:,}, and limit is {self._limit:,}. Raise limit=, keep fewer calls with "
                "calls=, or less of each with only=",
                self._total + planned,
            )
        directions = (FORWARD, REVERSE) if layer.bidirectional else (FORWARD,)
        keys = [(k, direction) for k in range(layer.num_layers) for direction in directions]
        traces = [Trace(self._keep) for _ in keys]
        steps = len(x) if batch_sizes is None else len(batch_sizes)
        layout = Layout(steps, batch, batch_sizes, restore)
        parameters = tuple(parameter.removesuffix("_l0") for parameter in layer._all_weights[0])
        equation = Equation(layer.cell, parameters)
        found = {
            key: Steps(trace, equation, layout, key[1] == REVERSE) for key, trace in zip(keys, traces, strict=True)
        }
        self.calls.append(Call(name, found))
        self._planned.append(planned)
        self._total += planned
        if name not in self._names:
            self._names.append(name)
        return traces

    def _drop_oldest(self, name: str) -> None:
        """Drop the oldest call of a module if the number to keep is reached."""
        if self._most_calls is None:
            return
        mine = [k for k, call in enumerate(self.calls) if call.name == name]
        if len(mine) >= self._most_calls:
            del self.calls[mine[0]]
            self._total -= self._planned.pop(mine[0])


def _planned_bytes(layer: Recurrent, x: Tensor, batch: int, keep: frozenset[str]) -> int:
    """Return the largest size of a call's record, gradients included; `record` has the formula."""
    H, cell, has_c = layer.hidden_size, layer.cell, "c" in layer.cell.states
    P, D = layer.proj_size or H, 2 if layer.bidirectional else 1
    rows, gradients = x.numel() // max(1, x.shape[-1]), torch.is_grad_enabled()
    widths = {
        "h": P,
        "c": H * has_c,
        "gates": cell.saved * H,
        "dh": P * gradients,
        "dc": H * has_c * gradients,
        "dgates": len(cell.gates) * H * gradients,
    }
    width = sum(size for part, size in widths.items() if part in keep)
    kept = gradients and "dgates" in keep
    inputs = [layer.input_size, *[D * P] * (layer.num_layers - 1)] if kept else [0] * layer.num_layers
    states = batch * (P * ("h" in keep) + H * has_c * ("c" in keep))
    return int(x.element_size() * D * sum(rows * (width + I) + states for I in inputs))  # noqa: E741


def _network(model: Any) -> nn.Module:
    """Return the module to record: the model itself, or the network of a fitted estimator."""
    network = model if isinstance(model, nn.Module) else getattr(model, "network_", None)
    if isinstance(network, nn.Module):
        return network
    name = type(model).__name__
    if hasattr(model, "fit"):
        raise InputError(f"record: this {name} is not fitted, and has no network yet: call fit first")
    raise InputError(f"record: expected a torch module or a fitted model of Elman's; got {name}")


def _no_layer(model: nn.Module) -> str:
    name = type(model).__name__
    theirs = {n: m for n, m in model.named_modules() if is_recurrent(m) and not isinstance(m, Cell)}
    for where, module in theirs.items():
        at = f"at {where!r}" if where else "itself"
        reason = why_not_adopted(module)
        if reason:
            return f"record: {name} has no layer of Elman's, and the one {at} cannot be made one: {reason}"
        return f"record: {name} has no layer of Elman's, but one of torch.nn's {at}; call elman.adopt(model) first"
    return (
        f"record: expected a model with an elman.RNN, GRU or LSTM; {name} has none. Single-step cells show their state"
    )
