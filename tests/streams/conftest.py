"""Tests of streams run from a seed, on one thread of torch, and on any instruction set that they name."""

import pytest
from tests.kernels.conftest import each_set, instruction_set

from elman import kernels

__all__ = ["each_set", "instruction_set"]


@pytest.fixture(autouse=True)
def _with_kernels(seeded_on_one_thread: None, request: pytest.FixtureRequest) -> None:
    if not kernels.available() and "without_kernels" not in request.node.name:
        pytest.skip(kernels.why_not())
