"""A training set down between two steps, so that it can be taken up again and end with the same bits.

Holds the weights, the best weights so far, the optimiser and its schedule, torch's random state, the task's place in
its data with the state carried there, and the length of the metrics file at that moment.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from elman.errors import ModelFileError
from elman.train.container import read_container, write_container

KIND = "checkpoint"


@dataclass
class Checkpoint:
    """The parts of a checkpoint file: numbers as JSON, tensors by name, names prefixed by the part they belong to."""

    numbers: dict[str, Any]
    tensors: dict[str, Tensor]

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        write_container(path, KIND, self.numbers, self.tensors)

    @classmethod
    def load(cls, path: Path, identity: dict[str, Any]) -> "Checkpoint":
        """Read a checkpoint and see that it belongs to this very training.

        Args:
            path: the file.
            identity: what has to be equal, by name: configuration and data.

        Raises:
            ModelFileError: the file is no whole checkpoint, or one of another configuration; the message names what
                differs.
        """
        _, numbers, tensors = read_container(path, KIND)
        theirs = numbers["identity"]
        names = sorted({*theirs, *identity})
        other = [f"{n} was {theirs.get(n)}, is {identity.get(n)}" for n in names if theirs.get(n) != identity.get(n)]
        if other:
            raise ModelFileError(
                f"{path}: a checkpoint of another configuration ({'; '.join(other)}): "
                "give the same options and text, or start anew without --resume"
            )
        return cls(numbers, tensors)

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors under `name/`, copied out of the file into torch's own, aligned memory."""
        prefix = f"{name}/"
        return {k.removeprefix(prefix): t.clone() for k, t in self.tensors.items() if k.startswith(prefix)}


def refuse_unfinished(path: Path) -> None:
    """See that a new training would not wipe out one that was stopped half-way.

    Raises:
        ModelFileError: there is such a checkpoint.
    """
    try:
        _, numbers, _ = read_container(path, KIND)
    except ModelFileError:
        return  # Nothing there, or nothing that could be taken up: nothing to lose.
    step = numbers["progress"]["step"]
    if step and not numbers["finished"]:
        raise ModelFileError(
            f"{path}: an unfinished training of {step:,} updates is here: go on with --resume, or give it up with "
            "--overwrite"
        )


def under(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with `name/` before each name."""
    return {f"{name}/{key}": tensor for key, tensor in tensors.items()}


def pack_optimizer(optimizer: Optimizer) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Split an optimiser's state into JSON and tensors named `index/what`."""
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
    """Give an optimiser the state that `pack_optimizer` took apart."""
    state: dict[int, dict[str, Any]] = {int(index): dict(entry) for index, entry in plain["state"].items()}
    for name, tensor in tensors.items():
        index, key = name.split("/")
        state[int(index)][key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})


def pack_random() -> dict[str, Tensor]:
    """Return the random state that dropout draws from."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def unpack_random(state: dict[str, Tensor]) -> None:
    """Put the random state back."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])
