"""Streams in several threads run at once; one stream in several threads takes one step after the other."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from tests.streams.networks import PRECISIONS, same_bits
from torch import nn

import elman

MODEL = nn.Sequential(elman.LSTM(9, 40, 2), nn.Linear(40, 6))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_streams_in_threads_do_not_disturb_each_other(precision: str) -> None:
    blocks, start = np.random.default_rng(0).normal(size=(6, 200, 2, 9)).astype(np.float32), Barrier(6)

    def run(block: np.ndarray) -> np.ndarray:
        stream = elman.Stream(MODEL, 2, precision)
        start.wait()
        return np.concatenate([[stream.step(x) for x in block[:100]], stream.run(block[100:])])

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(run, blocks))
    for y, block in zip(found, blocks, strict=True):
        assert same_bits(y, elman.Stream(MODEL, 2, precision).run(block))


@pytest.mark.parametrize("threads", [1, 3])
def test_one_stream_in_threads(threads: int) -> None:
    """All threads give the same input, so that the order of their steps makes no difference."""
    stream, other = (elman.Stream(MODEL, 8, threads=threads) for _ in range(2))
    x = torch.randn(8, 9)
    start = Barrier(4)

    def work(_: int) -> list[np.ndarray]:
        start.wait()
        return [stream.step(x.numpy()) for _ in range(250)]

    with ThreadPoolExecutor(4) as pool:
        found = {y.tobytes() for ys in pool.map(work, range(4)) for y in ys}
    steps = other.run(x.expand(1000, 8, 9))
    assert same_bits(stream.state.values, other.state.values)
    assert found == {y.numpy().tobytes() for y in steps}


def test_the_state_is_read_between_steps() -> None:
    """While another thread runs blocks, a state that is read is that after one of them."""
    stream, other, block = elman.Stream(MODEL), elman.Stream(MODEL), torch.randn(50, 1, 9)
    states = {other.state.values.tobytes()}
    for _ in range(40):
        other.run(block)
        states.add(other.state.values.tobytes())
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: [stream.run(block) for _ in range(40)])
        while not running.done():
            assert stream.state.values.tobytes() in states


def test_python_ends_while_a_thread_is_in_a_step() -> None:
    program = (
        "import threading, time, torch, elman\n"
        "stream, x = elman.Stream(elman.LSTM(64, 64, 3)), torch.randn(1000, 1, 64)\n"
        "threading.Thread(target=lambda: [stream.run(x) for _ in range(10**6)], daemon=True).start()\n"
        "time.sleep(0.2)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
