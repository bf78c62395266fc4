"""Run every comparison (`make bench`), after the tests of what they measure: while tests fail, no figures."""

import argparse
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks import datasets
from elman import __version__, kernels

ROOT = Path(__file__).parents[1]
QUICK_ROOMS = ("contract", "kernels", "layers", "ops")  # the tests of what a quick run measures
ROOMS = (*QUICK_ROOMS, "contract_models", "doctor", "models", "studies", "test_docs.py", "tuning", "worked")
# The arguments of each study in a quick run; None leaves it out, because it trains for minutes.
STUDIES: dict[str, tuple[str, ...] | None] = {
    "benchmarks.accuracy": (),
    "benchmarks.recurrence": ("--quick",),
    "benchmarks.recording": ("--quick",),
    "benchmarks.few_rows": ("--quick",),
    "benchmarks.streams": ("--quick",),
    "benchmarks.writing": ("--quick",),
    "benchmarks.startup": (),
    "benchmarks.scale": ("--quick",),
    "benchmarks.search": (),
    "benchmarks.precision": None,
    "benchmarks.shakespeare": None,
    "benchmarks.long_sequences": None,
    "benchmarks.truncation": None,
    "benchmarks.jobs": None,
    "benchmarks.jobs_speed": None,
    "benchmarks.unseen": None,
    "benchmarks.unseen.settings": None,
}


def commands(*, quick: bool) -> list[list[str]]:
    """Return the studies to run, each a module and its arguments."""
    if quick:
        return [[study, *arguments] for study, arguments in STUDIES.items() if arguments is not None]
    return [[study] for study in STUDIES]


def tests_pass(*, quick: bool) -> bool:
    """Run the tests of everything that is measured here; a quick run leaves out those that `make test` does."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    rooms = [f"tests/{room}" for room in (QUICK_ROOMS if quick else ROOMS)]
    chosen = ["-m", "not study"] if quick else []
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "2", *chosen, *rooms]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def machine() -> str:
    """Describe what the figures were measured on."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    peers = " ".join(f"{name} {version(name)}" for name in ("torch", "jax", "onnxruntime"))
    return (
        f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}\nElman {__version__} ({kernels.instruction_set()}) {peers}; "
        f"torch uses {torch.backends.cpu.get_cpu_capability()}"
    )


def main() -> int:
    """Run everything, and return the number of studies that missed what they promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short studies alone, with fewer rounds")
    datasets.add_option(parser)
    quick = parser.parse_args().quick
    if not tests_pass(quick=quick):
        print("The tests are red: no figures.")
        return 1
    print(machine(), flush=True)
    return sum(
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode != 0
        for command in commands(quick=quick)
    )


if __name__ == "__main__":
    sys.exit(main())
