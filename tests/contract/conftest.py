"""The cells and the backends that the contract is run over."""

from collections.abc import Iterator

import pytest
from tests.contract.registry import CELLS, FIXED, Cell, Run

from elman.ops.dispatch import use_backend


@pytest.fixture(params=CELLS, ids=str)
def cell(request: pytest.FixtureRequest) -> Cell:
    return request.param


@pytest.fixture(params=FIXED)
def run(request: pytest.FixtureRequest, cell: Cell) -> Iterator[Run]:
    """A run with its backend forced."""
    run: Run = request.param
    if not run.covers(cell):
        pytest.skip(f"torch has no {cell}")
    with use_backend(run.backend):
        yield run


@pytest.fixture(autouse=True)
def _every_test(seeded_on_one_thread: None) -> None: ...
