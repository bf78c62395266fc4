"""Start the server that forks other processes; without torch, so that it can start before all else.

A process that starts anew imports torch and scikit-learn for seconds. The server imports them once, while the process
that started it does the same and reads its data, and forks each process in no time. It never trains: torch's autograd
refuses to run in a process that was forked from one that did.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PREDICTING = ("elman.models.loading", "pandas", "pyarrow.parquet")
"""Modules that processes need to predict; the server leaves out those that are not installed."""
TRAINING = (*PREDICTING, "elman.tuning.worker", "torch._dynamo")
"""Modules that processes need to run trials; torch's optimizers import its compiler, which takes a second."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def process_context(modules: tuple[str, ...]) -> Any:
    """Return the context of `multiprocessing` for processes of one thread, and start its server if there is none.

    Args:
        modules: those that the server imports; one that runs already keeps its own.
    """
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    with one_thread_each():
        forkserver.ensure_running()
    return context


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Have the processes that are started in a block compute on one thread, in whatever library."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
