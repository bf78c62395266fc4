"""One step at a time: `elman.Stream` at the C face and from Python, beside a prototype and other libraries.

    python -m benchmarks.streams [--quick]

The prototype (`step_prototype.h`) is an LSTM written for one processor; it is compiled here, where a compiler and
AVX-512 with BF16 and VNNI are at hand. All contestants of a row take turns. Times are the least of many blocks, because
what is asked is the time of a step and not that of its neighbours on a shared machine.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import elman
from benchmarks.peers import Problem, with_onnxruntime
from elman import kernels
from elman.kernels.stream import PRECISIONS

SIZES = (16, 32, 64, 128, 256, 512)
CELLS = ("LSTM", "GRU", "RNN")
OF_PROTOTYPE = 1.1
"""Of the prototype's time, at most."""
PYTHON_US = 1.5
"""Microseconds that a step from Python may cost more than the call of C."""
ONNX_FACTOR = {16: 4.0, 32: 4.0, 64: 4.0, 128: 1.5, 256: 1.5}
INT8_FACTOR, INT8_SIZES = 3.0, (256, 512)
ROW_SHARE, ROW_SIZES = 0.4, (128, 256, 512)
"""Of the time of a row alone, the time of a row among 16, at most."""
LATENCY = 2.0
"""The 99th percentile of a step over the median, at most."""

Table = dict[tuple[str, int, str], float]


def compiled(folder: Path) -> Path | None:
    """Compile the measurement at the C face; None without a compiler."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        return None
    here, room = Path(__file__).parent, Path(kernels.__file__).parent
    library = room / "libelman_kernels.so"
    program = folder / "step_bench"
    flags = ["-std=c++17", "-O3", "-march=native", "-Wno-psabi", f"-I{room}", f"-Wl,-rpath,{room}"]
    subprocess.run([compiler, *flags, "-o", program, here / "step_bench.cpp", library], check=True)
    return program


def go_first() -> None:
    """Let this process run on one processor, before every other process where that is allowed."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))
    except PermissionError:
        print("no real-time priority here: other processes are in the figures", file=sys.stderr)


def at_real_time(command: list[str]) -> str:
    """Run a command before every other process and return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, preexec_fn=go_first).stdout


def c_table(program: Path, seconds: float) -> Table:
    """Microseconds of a step by contestant, H and precision."""
    found = {}
    for line in at_real_time([str(program), str(seconds)]).splitlines():
        name, size, precision, microseconds = line.split()
        found[name, int(size), precision] = float(microseconds)
    return found


def verdict(value: float, goal: float, *, least: bool = False) -> str:
    """Print a ratio beside its goal; * marks one that misses it."""
    return f"{value:6.2f}{' ' if (value >= goal if least else value <= goal) else '*'}"


def show_c(table: Table) -> int:
    """Print the times at the C face and return how many ratios miss their goals."""
    missed = 0
    print("\nA step at the C face, B = 1, one thread, microseconds, and its ratio to the prototype's LSTM")
    print(
        f"{'H':>5} {'precision':>9} {'prototype':>10}" + "".join(f"{cell:>9}        " for cell in CELLS) + " row of 16"
    )
    for name, size, precision in table:
        if name != "LSTM":
            continue
        prototype = table.get(("prototype", size, precision), float("nan"))
        line = f"{size:>5} {precision:>9} {prototype:>10.3f}"
        for cell in CELLS:
            took = table[cell, size, precision]
            line += f"{took:9.3f} {verdict(took / prototype, OF_PROTOTYPE)}"
            missed += took / prototype > OF_PROTOTYPE
        share = table["LSTMx16", size, precision] / 16 / table["LSTM", size, precision]
        goal = ROW_SHARE if size in ROW_SIZES else 1.0
        missed += share > goal
        print(line + "    " + verdict(share, goal))
    for size in INT8_SIZES:
        if ("LSTM", size, "int8") in table:
            factor = table["LSTM", size, "float32"] / table["LSTM", size, "int8"]
            missed += factor < INT8_FACTOR
            print(f"int8 over float32, LSTM, H = {size}: {verdict(factor, INT8_FACTOR, least=True)} times as fast")
    return missed


def least_us(work: Callable[[], object], seconds: float) -> Callable[[], float]:
    """Return a function that times one block of calls, in microseconds a call."""
    calls = 16
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        if time.perf_counter() - start > seconds:
            break
        calls *= 2

    def block() -> float:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        return (time.perf_counter() - start) / calls * 1e6

    return block


def python_rows(rounds: int) -> int:
    """Print a step from Python beside other libraries, and return how many ratios miss their goals."""
    missed = 0
    print("\nA step from Python, NumPy in and out, B = 1, one thread, microseconds")
    header = f"{'':10}{'Stream':>8}{'over C':>8} {'bfloat16':>9}{'int8':>8}{'ONNX':>8}{'ratio':>7} "
    print(header + f"{'torch cell':>11}{'Elman cell':>11}")
    for cell in ("LSTM", "GRU"):
        for size in SIZES:
            torch.manual_seed(0)
            layer = getattr(torch.nn, cell)(size, size)
            x = np.random.default_rng(0).standard_normal((1, size)).astype(np.float32)
            block = np.repeat(x[None], 256, axis=0)
            streams = {name: elman.Stream(layer, precision=name) for name in PRECISIONS}
            many, out = elman.Stream(layer), np.empty_like(block)
            works = {name: (lambda stream=stream, x=x: stream.step(x)) for name, stream in streams.items()}
            works["C"] = lambda many=many, block=block, out=out: many.run(block, out=out)
            works["ONNX"] = with_onnxruntime(Problem(cell, B=1, T=1, I=size, H=size), threads=1)  # from zero states
            for module, name in ((torch.nn, "torch"), (elman, "elman")):
                works[name] = cell_step(getattr(module, f"{cell}Cell")(size, size), torch.from_numpy(x))
            blocks = {name: least_us(work, 0.004) for name, work in works.items()}
            us = {name: min(block() for _ in range(rounds)) for name, block in blocks.items()}
            us["C"] /= len(block)
            over, ratio = us["float32"] - us["C"], us["ONNX"] / us["float32"]
            goal = ONNX_FACTOR.get(size, 0.0)
            missed += (over > PYTHON_US) + (ratio < goal)
            print(
                f"{cell:5}{size:>4} {us['float32']:8.2f} {verdict(over, PYTHON_US)} {us['bfloat16']:8.2f}"
                f"{us['int8']:8.2f}{us['ONNX']:8.2f}{verdict(ratio, goal, least=True)}"
                f"{us['torch']:11.1f}{us['elman']:11.1f}",
                flush=True,
            )
    return missed


def cell_step(cell: torch.nn.Module, x: torch.Tensor) -> Callable[[], object]:
    """A step of a cell in inference, its state carried on."""
    state = None

    def step() -> object:
        nonlocal state
        with torch.inference_mode():
            state = cell(x, state)
        return state

    return step


def steadiness(program: Path, steps: int) -> int:
    """Print the 99th percentile over the median and the allocations, and return how many miss their goals."""
    missed = 0
    print(f"\n99th percentile of {steps:,} steps over the median, float32, real-time priority")
    for cell in CELLS:
        for size in (64, 256):
            median, late = map(int, at_real_time([str(program), "latency", cell, str(size), str(steps)]).split())
            missed += late / median > LATENCY
            print(f"{cell:5}{size:>4}  median {median / 1e3:7.2f} us  {verdict(late / median, LATENCY)}")
    allocations = int(at_real_time([str(program), "allocations", str(steps)]))
    print(f"allocations in {steps:,} steps of each cell and precision: {allocations}")
    return missed + (allocations > 0)


def main() -> int:
    """Print the tables; 1 when a ratio misses its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter blocks and fewer rounds")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(Path(folder))
        if program is None:
            print("no C++ compiler: nothing is measured at the C face")
        else:
            missed += show_c(c_table(program, 0.1 if quick else 0.5))
            missed += steadiness(program, 100_000 if quick else 1_000_000)
    go_first()
    missed += python_rows(5 if quick else 15)
    print(f"\n{missed} of these ratios miss what is asked (*)")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
