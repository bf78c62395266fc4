"""The tests of layers start from a seed, on one thread."""

import pytest


@pytest.fixture(autouse=True)
def _every_test(seeded_on_one_thread: None) -> None: ...
