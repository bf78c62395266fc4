"""What tests of several rooms share."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(scope="module")
def process_group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One group of this process alone, for DistributedDataParallel.

    It outlives the models on it. Destroyed right after a backward pass it can hang for ever: it waits, with Python's
    lock, for its threads, and they wait for that lock to let go of their last work.
    """
    store = torch.distributed.FileStore(str(tmp_path_factory.mktemp("group") / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.fixture
def seeded_on_one_thread() -> Iterator[None]:
    """Start from a seed, on one thread: with small layers a second one costs more than it brings."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)
