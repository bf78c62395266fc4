"""Every test here runs from a known state: one thread, a seed, and memory that shows where nothing was written."""

from collections.abc import Callable, Iterator

import pytest
import torch

from elman import kernels

SETS = kernels.instruction_sets() if kernels.available() else []
pytestmark = pytest.mark.skipif(not SETS, reason=kernels.why_not())


@pytest.fixture(params=SETS)
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set that this machine has, in use."""
    before = kernels.instruction_set()
    kernels.use_instruction_set(request.param)
    yield request.param
    kernels.use_instruction_set(before)


@pytest.fixture
def each_set() -> Iterator[Callable[[], Iterator[str]]]:
    """Return a function that puts one instruction set after the other in use, for tests whose truth is the same."""
    if not SETS:
        pytest.skip(kernels.why_not())
    before = kernels.instruction_set()

    def each() -> Iterator[str]:
        for name in SETS:
            kernels.use_instruction_set(name)
            yield name

    yield each
    kernels.use_instruction_set(before)


@pytest.fixture(autouse=True)
def _known_state(seeded_on_one_thread: None) -> Iterator[None]:
    """New tensors are full of NaN, so that a cell that is never written is found by any comparison."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)
