"""`make bench`: every comparison, after the tests of what they measure; red tests, no figures."""

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
ROOMS = (
    "contract",
    "contract_models",
    "doctor",
    "kernels",
    "layers",
    "models",
    "ops",
    "studies",
    "worked",
    "test_docs.py",
)
STUDIES = [
    "benchmarks.accuracy",
    "benchmarks.recurrence",
    "benchmarks.recording",
    "benchmarks.startup",
    "benchmarks.shakespeare",
    "benchmarks.long_sequences",
    "benchmarks.truncation",
    "benchmarks.jobs",
    "benchmarks.jobs_speed",
]


def tests_pass() -> bool:
    """Whether the tests of everything that is measured here are green."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "2", *(f"tests/{room}" for room in ROOMS)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def machine() -> str:
    """What the figures were measured on."""
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
    """Run everything; the number of studies that missed what they promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    datasets.add_option(parser)
    parser.parse_args()
    if not tests_pass():
        print("The tests are red: no figures.")
        return 1
    print(machine(), flush=True)
    return sum(
        subprocess.run([sys.executable, "-m", study], cwd=ROOT, check=False).returncode != 0 for study in STUDIES
    )


if __name__ == "__main__":
    sys.exit(main())
