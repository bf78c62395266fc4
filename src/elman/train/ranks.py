"""The processes of one training, its ranks: what `torchrun` started, and how they speak with each other.

`torchrun` starts the same program several times and tells each process its rank and their number through the
environment. Every rank calls `fit` with the same options and data, and all of them do the same number of collective
calls in the same order; each call below that says so is one of those. Without `torchrun` there is one rank, and none of
this costs anything.

The process group lives as long as the process. Destroyed right after a backward pass gloo's can hang: it joins its
threads with Python's lock held, while they wait for that lock to let go of their last work. So the process waits for
them without the lock before it ends.
"""

import atexit
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.metadata import version
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn

from elman import launch
from elman.errors import InputError, RanksError
from elman.launch import FIRST
from elman.quoting import printable, quote, shorten

LIMIT = timedelta(minutes=10)
"""Time that a rank waits for the others."""
PATIENCE = timedelta(seconds=5)
"""Time that a rank that has failed waits to learn whether the first one has, too."""
LET_GO = 0.1
"""Seconds in which gloo's threads let go of their last work."""
_FAILURE = "elman/failure"
MOST_NAMED = 5
"""Differences between two ranks that a message names."""
Part = TypeVar("Part", bound=Any)


def count() -> int:
    """Return the number of ranks; 1 without `torchrun`."""
    return distributed.get_world_size() if _joined() else launch.ranks()


def rank() -> int:
    """Return the number of this rank, from 0."""
    return distributed.get_rank() if _joined() else launch.rank()


def is_first() -> bool:
    """Say whether this is the rank that writes files and shows progress."""
    return rank() == FIRST


def share(items: Part) -> Part:
    """Return every n-th of some items, from the one with this rank's number on: all of them where there is one rank.

    Where they are sorted by length, all ranks have like work.
    """
    found: Part = items[rank() :: count()]
    return found


def join() -> None:
    """Join the other ranks, once a process; a collective call. Does nothing where there is one rank.

    Raises:
        RanksError: the others cannot be reached within `LIMIT`.
    """
    if _joined() or count() == 1:
        return
    if "OMP_NUM_THREADS" not in os.environ:
        most = (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) or 1
        torch.set_num_threads(min(torch.get_num_threads(), max(1, most // launch.number("LOCAL_WORLD_SIZE", 1))))
    _connect()
    atexit.register(time.sleep, LET_GO)


def _connect() -> None:
    from torch.distributed.rendezvous import rendezvous  # here, because a torch may have been built without it

    on_gpus = torch.cuda.is_available() and distributed.is_nccl_available()
    if on_gpus:
        torch.cuda.set_device(launch.number("LOCAL_RANK", 0) % torch.cuda.device_count())
    backend = "cpu:gloo,cuda:nccl" if on_gpus else "gloo"
    with _reaching():
        store, own, size = next(rendezvous("env://", timeout=LIMIT))
        distributed.init_process_group(backend, timeout=LIMIT, store=_of_attempt(store), rank=own, world_size=size)


def add_up(tensor: Tensor) -> Tensor:
    """Replace a tensor by the sum over all ranks, with the same bits on each, and return it; a collective call."""
    if count() > 1:
        with _reaching():
            distributed.all_reduce(tensor)
    return tensor


def totals(*numbers: float) -> list[float]:
    """Return the sums of some numbers over all ranks; a collective call."""
    if count() == 1:
        return list(numbers)
    found: list[float] = add_up(torch.tensor(numbers, dtype=torch.float64)).tolist()
    return found


def of_first(number: float) -> float:
    """Return the first rank's number; a collective call."""
    return totals(number if is_first() else 0.0)[0]


def wait() -> None:
    """Wait until all ranks are here; a collective call."""
    totals(0.0)


def bytes_of_first(data: bytes) -> bytes:
    """Return the first rank's bytes; a collective call."""
    if count() == 1:
        return data
    size = int(of_first(len(data)))
    tensor = (
        torch.from_numpy(np.frombuffer(data, np.uint8).copy()) if is_first() else torch.empty(size, dtype=torch.uint8)
    )
    with _reaching():
        distributed.broadcast(tensor, FIRST)
    return tensor.numpy().tobytes()


def whole(part: Tensor, size: int) -> Tensor:
    """Put the rows that `share` dealt together again; a collective call.

    Args:
        part: this rank's rows, `(L, share of B, ...)`.
        size: rows of all ranks, B.
    """
    if count() == 1:
        return part
    found = part.new_zeros(part.shape[0], size, *part.shape[2:])
    found[:, rank() :: count()] = part
    add_up(found.view(torch.uint8))  # of each byte all but one rank have 0, so that the sum has the same bits
    return found


def copy_buffers(network: nn.Module) -> None:
    """Give every rank the first one's buffers that a model file holds, such as BatchNorm's; a collective call."""
    if count() == 1:
        return
    kept = network.state_dict().keys()
    for name, buffer in network.named_buffers():
        if name in kept:
            data = buffer.detach().contiguous().flatten().view(torch.uint8)
            with _reaching():
                distributed.broadcast(data, FIRST)
            buffer.copy_(data.view(buffer.dtype).view_as(buffer))


def agree(given: dict[str, Any], network: nn.Module) -> None:
    """Check that all ranks were started alike; a collective call. All raise the same error where they were not.

    Args:
        given: options and digests of data, by name, as JSON values.
        network: its first weights have to be the same as well.

    Raises:
        RanksError: a rank differs from the first one; the message says in what.
    """
    if count() == 1:
        return
    own = {"elman": version("elman"), "torch": torch.__version__, **given, "first weights": _digest(network)}
    first, *others = map(json.loads, _exchange(json.dumps(own)))
    for number, theirs in enumerate(others, 1):
        names = [name for name in {**first, **theirs} if first.get(name) != theirs.get(name)]
        if names:
            said = "; ".join(
                f"{printable(shorten(name))} {quote(theirs.get(name))}, rank 0 has {quote(first.get(name))}"
                for name in names[:MOST_NAMED]
            )
            raise RanksError(
                f"ranks: rank {number} was started with {said}: start all with the same file, options and versions",
                everywhere=True,
            )


def check_rows(batch: int) -> None:
    """Check that an update has an example, or a stream, for every rank.

    Raises:
        InputError: it has fewer.
    """
    if batch < count():
        raise InputError(f"batch_size: expected {count()} or more, one for each rank, got {batch}: start fewer ranks")


def tell_failure() -> None:
    """Let the other ranks of a `torchrun` know that the first one has said what ended it."""
    if (store := _agents_store()) is not None:
        with suppress(RuntimeError):
            store.set(_FAILURE, "")


def first_has_failed() -> bool:
    """Say whether the first rank has failed too, or does so within a few seconds: what ended both is said once."""
    store = _agents_store()
    if store is None:
        return False
    try:
        store.wait([_FAILURE], PATIENCE)
    except RuntimeError:
        return False
    return True


def _agents_store() -> Any:
    """Return the store that `torchrun` keeps for its ranks; None where there is none, or no longer."""
    if launch.ranks() == 1 or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    try:
        return _of_attempt(distributed.TCPStore(host, port, is_master=False, wait_for_workers=False, timeout=PATIENCE))  # type: ignore[attr-defined]
    except RuntimeError:
        return None


def _of_attempt(store: Any) -> Any:
    """Return the part of a store for the ranks as they are now.

    `torchrun` keeps one store through all restarts, and leaves in it the addresses of ranks that have ended.
    """
    return distributed.PrefixStore(f"elman/{launch.restarts()}", store)  # type: ignore[attr-defined]


def _exchange(text: str) -> list[str]:
    """Return the text of every rank; a collective call."""
    own = np.frombuffer(text.encode(), np.uint8)
    sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(count())]
    with _reaching():
        distributed.all_gather(sizes, torch.tensor([len(own)]))
        longest = int(max(sizes))
        padded = torch.zeros(longest, dtype=torch.uint8)
        padded[: len(own)] = torch.from_numpy(own.copy())
        texts = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(texts, padded)
    return [found.numpy()[: int(size)].tobytes().decode() for found, size in zip(texts, sizes, strict=True)]


def _digest(network: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def _joined() -> bool:
    return distributed.is_available() and distributed.is_initialized()


@contextmanager
def _reaching() -> Iterator[None]:
    """Turn torch's errors of a connection into one line."""
    try:
        yield
    except RuntimeError as error:
        said = shorten(printable(" ".join(str(error).split())), 200)
        raise RanksError(
            f"rank {rank()}: the other ranks cannot be reached, or one of them has ended ({said}): see what the others "
            "say, and check the address and the port of the first one"
        ) from error
