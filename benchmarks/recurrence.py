"""One recurrent layer at four shapes: Elman beside torch, JAX and ONNX Runtime.

    python -m benchmarks.recurrence [--quick]

Prints, for each cell and shape, everybody's milliseconds, the best peer's time divided by Elman's, the ratio that the
project has promised, and Elman's share of the machine's own large-sgemm speed.
"""

import argparse

import torch

from benchmarks.peers import CELLS, Problem, contestants
from benchmarks.timing import Work, side_by_side

THREADS = 2
SHAPES = [(1, 64, 64, 64), (32, 64, 64, 128), (64, 128, 128, 256), (64, 64, 512, 512)]
# The best peer's time divided by Elman's, at least: forward + backward, and inference from the second shape on.
TRAINING_FLOOR = {"RNN": [0.8, 1.9, 1.4, 1.15], "GRU": [2.0, 3.0, 1.8, 1.3], "LSTM": [1.7, 1.25, 1.35, 1.15]}
INFERENCE_FLOOR = {"RNN": 1.3, "GRU": 1.1, "LSTM": 0.9}
SGEMM_SIZE = 2048


def sgemm() -> Work:
    """Torch's own large float32 matrix product, a contestant in every row: the machine is not always equally fast."""
    a, b = torch.randn(SGEMM_SIZE, SGEMM_SIZE), torch.randn(SGEMM_SIZE, SGEMM_SIZE)
    return lambda: a @ b


def row(problem: Problem, what: str, times: dict[str, float], flops: float, floor: float | None) -> str:
    """One line of the table."""
    ours, sgemm_flops = times["elman"], 2 * SGEMM_SIZE**3 / times["sgemm"]
    peer = min(times.keys() - {"elman", "sgemm"}, key=times.__getitem__)
    ratio = times[peer] / ours
    verdict = "" if floor is None else f"{floor:4.2f} " + ("met" if ratio >= floor else "MISSED")
    wins = f"{peer} wins" if ratio < 1 else ""
    shape = f"{problem.B},{problem.T},{problem.I},{problem.H}"
    cells = "".join(f"{times[n] * 1e3:12.3f}" if n in times else f"{'-':>12}" for n in ("torch", "jax", "onnxruntime"))
    return (
        f"{problem.cell:5}{shape:16}{what:10}{ours * 1e3:9.3f}{cells}{peer:>13}{ratio:7.2f}"
        f"{sgemm_flops / 1e9:8.0f}{flops / ours / sgemm_flops:6.0%}  {verdict:12}{wins}"
    )


def main() -> None:
    """Run the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--cell", choices=list(CELLS), help="this cell alone")
    parser.add_argument("--shape", type=int, choices=range(len(SHAPES)), help="this row alone, from 0")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    rounds, product = 5 if arguments.quick else 15, sgemm()
    print(f"\nOne layer, float32, {THREADS} threads; times in ms, medians; sgemm 2048^3 in GFLOP/s, our share of it")
    print(
        f"{'cell':5}{'B,T,I,H':16}{'':10}{'elman':>9}{'torch':>12}{'jax':>12}{'onnxruntime':>12}"
        f"{'best peer':>13}{'ratio':>7}{'sgemm':>8}{'share':>6}  floor"
    )
    for index, shape in enumerate(SHAPES):
        for cell in CELLS:
            if arguments.cell not in (None, cell) or arguments.shape not in (None, index):
                continue
            problem = Problem(cell, *shape)
            training, inference = contestants(problem, THREADS)
            flops, floor = problem.forward_flops, TRAINING_FLOOR[cell][index]
            times = side_by_side(training | {"sgemm": product}, rounds)
            print(row(problem, "training", times, 3 * flops, floor), flush=True)
            times = side_by_side(inference | {"sgemm": product}, rounds)
            print(row(problem, "inference", times, flops, INFERENCE_FLOOR[cell] if index else None), flush=True)


if __name__ == "__main__":
    main()
