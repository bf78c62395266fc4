"""Every test here runs on one thread from a known seed."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded(one_thread: None) -> None:
    torch.manual_seed(0)
