"""Read from the environment how this process was started: alone, or by `torchrun` as one of several ranks.

A leaf, without torch, so that commands can ask before they import it.
"""

import os
import socket

FIRST = 0
"""The rank that writes files, shows progress, and whose clock counts."""
_NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def rank() -> int:
    """Return the number of this rank, from 0; 0 where it is alone."""
    return number("RANK", 0)


def ranks() -> int:
    """Return the number of ranks; 1 where this process is alone."""
    return number("WORLD_SIZE", 1)


def restarts() -> int:
    """Return how often `torchrun` has restarted the ranks."""
    return number("TORCHELASTIC_RESTART_COUNT", 0)


def job() -> str | None:
    """Return a name of the `torchrun` that started this process, the same after each restart; None without one."""
    name = os.environ.get("TORCHELASTIC_RUN_ID")
    return None if name is None else f"{name} of {os.getppid()} at {socket.gethostname()}"


def number(name: str, otherwise: int) -> int:
    """Return a number of the environment, if that has all that a rank has to know."""
    value = os.environ.get(name, "")
    known = value.isdecimal() and all(os.environ.get(one) for one in _NAMES)
    return int(value) if known else otherwise
