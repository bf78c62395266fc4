"""Checkpoints: save a run between two updates and resume it with bit-identical results.

A checkpoint holds the weights, the best weights so far, the optimiser and its schedule, torch's random state, the
task's position in its data with the carried state, and the length of the metrics file at that moment.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from elman.errors import InputError, ModelFileError
from elman.limits import COUNT
from elman.quoting import printable, quote, shorten
from elman.train.container import read_container, write_container
from elman.train.progress import Counters

KIND = "checkpoint"
MOST_NAMED = 5
"""Differences that a message names."""
_PARTS = {
    "identity": dict, "finished": bool, "progress": dict, "task": dict, "optimizer": dict, "schedule": dict | None,
    "metrics_length": int, "ranks": int,
}  # fmt: skip


@dataclass
class Checkpoint:
    """The parts of a checkpoint file: numbers as JSON, tensors by name, names prefixed by the part they belong to."""

    numbers: dict[str, Any]
    tensors: dict[str, Tensor]

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        write_container(path, KIND, self.numbers, self.tensors)

    @classmethod
    def load(cls, path: Path, identity: dict[str, Any], data: bytes | None = None) -> "Checkpoint":
        """Read a checkpoint and check that it belongs to this training.

        Args:
            path: The file.
            identity: The configuration and data that must be equal, by name.
            data: The bytes of the file, if they were read already.

        Raises:
            ModelFileError: the file is no whole checkpoint, or one of another configuration; the message names the
                differences.
        """
        _, numbers, tensors = read_container(path, KIND, data)
        _check_parts(path, numbers)
        theirs = numbers["identity"]
        names = sorted({*theirs, *identity})
        other = [
            f"{printable(shorten(n))} was {quote(theirs.get(n))}, is {quote(identity.get(n))}"
            for n in names
            if theirs.get(n) != identity.get(n)
        ]
        if other:
            raise ModelFileError(
                f"{path}: a checkpoint of another configuration ({'; '.join(other[:MOST_NAMED])}): "
                "give the same options and text, or start anew without --resume"
            )
        return cls(numbers, tensors)

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors under `name/`, copied out of the file into torch's own, aligned memory."""
        prefix = f"{name}/"
        return {k.removeprefix(prefix): t.clone() for k, t in self.tensors.items() if k.startswith(prefix)}


def refuse_unfinished(path: Path) -> None:
    """Check that a new training would not replace an unfinished one.

    Raises:
        ModelFileError: there is such a checkpoint.
    """
    try:
        _, numbers, _ = read_container(path, KIND)
        _check_parts(path, numbers)
        step = Counters.of(numbers["progress"]).step
    except (ModelFileError, InputError):
        return  # Nothing there, or nothing that could be resumed: nothing to lose.
    if step and not numbers["finished"]:
        raise ModelFileError(
            f"{path}: an unfinished training of {step:,} updates is here: go on with --resume, or give it up with "
            "--overwrite"
        )


def job_of(path: Path) -> str | None:
    """Return the name of the job that wrote a checkpoint; None where it has none, or is no whole checkpoint."""
    try:
        _, numbers, _ = read_container(path, KIND)
    except ModelFileError:
        return None
    name = numbers.get("job")
    return name if isinstance(name, str) else None


def _check_parts(path: Path, numbers: dict[str, Any]) -> None:
    for name, kind in _PARTS.items():
        if not isinstance(numbers.get(name), kind) or name not in numbers:
            raise ModelFileError(
                f"{path}: not a checkpoint this Elman can resume: {name} is missing or of another kind"
            )
    for name, least in (("metrics_length", 0), ("ranks", 1)):
        if not least <= numbers[name] <= COUNT:
            raise ModelFileError(f"{path}: not a checkpoint this Elman can resume: {name} is out of range")


def check_weights(part: str, found: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    """Check that tensors have the names, shapes and types of a network's own, and finite numbers.

    Raises:
        InputError: they do not; the message names the first difference.
    """
    for name in sorted({*found, *own}):
        if name not in found or name not in own:
            raise InputError(
                f"{part}: the tensor {quote(name)} is {'missing' if name in own else 'of another network'}"
            )
        tensor, wanted = found[name], own[name]
        if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
            raise InputError(
                f"{part}: the tensor {quote(name)}: expected {tuple(wanted.shape)}, {wanted.dtype}, "
                f"got {quote(tuple(tensor.shape))}, {tensor.dtype}"
            )
        if not tensor.isfinite().all():
            raise InputError(f"{part}: the tensor {quote(name)}: expected finite numbers, got others")


def under(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with `name/` before each name."""
    return {f"{name}/{key}": tensor for key, tensor in tensors.items()}


def pack_optimizer(optimizer: Optimizer) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Split an optimiser's state into JSON and tensors named `index/key`."""
    whole = optimizer.state_dict()
    plain: dict[str, dict[str, Any]] = {}
    tensors: dict[str, Tensor] = {}
    for index, entry in whole["state"].items():
        plain[str(index)] = {}
        for key, value in entry.items():
            if isinstance(value, Tensor):
                tensors[f"{index}/{key}"] = value
            else:
                plain[str(index)][key] = value
    return {"groups": whole["param_groups"], "state": plain}, tensors


def unpack_optimizer(optimizer: Optimizer, plain: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Give an optimiser the state that `pack_optimizer` split.

    Of its options only the learning rate is restored; the others are those of the configuration.

    Raises:
        InputError: the parts are not those of this optimiser over these parameters.
    """
    groups, whole = plain.get("groups"), optimizer.state_dict()
    own = whole["param_groups"]
    if not isinstance(groups, list) or [_rate(group) is None for group in groups] != [False] * len(own):
        raise InputError("optimizer: expected a learning rate for each group of parameters")
    moved = [group | {"lr": _rate(theirs)} for group, theirs in zip(own, groups, strict=True)]
    state: dict[int, dict[str, Tensor]] = {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    wanted = {f"{at}/{key}" for at in range(len(parameters)) for key in _keys(optimizer)} if tensors else set()
    if tensors.keys() != wanted:
        raise InputError(f"optimizer: expected {', '.join(sorted(_keys(optimizer)))} for each parameter, or nothing")
    for name in wanted:
        index, key = name.split("/")
        like = parameters[int(index)] if _keys(optimizer)[key].dim() else _keys(optimizer)[key]
        if tensors[name].shape != like.shape or tensors[name].dtype != like.dtype:
            raise InputError(f"optimizer: {name}: expected shape {tuple(like.shape)}, {like.dtype}")
        state.setdefault(int(index), {})[key] = tensors[name]
    optimizer.load_state_dict({"state": state, "param_groups": moved})


def _rate(group: Any) -> float | None:
    """Return a group's learning rate; None where it has none."""
    rate = group.get("lr") if isinstance(group, dict) else None
    return rate if isinstance(rate, float | int) and 0 <= rate <= COUNT else None


def _keys(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return the tensors that an optimiser keeps for a parameter of one number, by name."""
    one = Parameter(torch.zeros(1))
    one.grad = torch.ones(1)
    twin = type(optimizer)([one], **optimizer.defaults)
    twin.step()
    return {key: value for key, value in twin.state[one].items() if isinstance(value, Tensor)}


def pack_random() -> dict[str, Tensor]:
    """Return the state of torch's random generators, which dropout draws from."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def unpack_random(state: dict[str, Tensor]) -> None:
    """Restore the state of torch's random generators.

    Raises:
        InputError: it is missing or invalid.
    """
    if "cpu" not in state:
        raise InputError("random: the state of the processor is missing")
    try:
        torch.set_rng_state(state["cpu"])
        if "cuda" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda"])
    except (RuntimeError, TypeError, ValueError) as error:  # torch looks at type, length and content
        raise InputError(f"random: not a state of this torch ({error})") from error
