"""What tests of several rooms share."""

import gc
from collections.abc import Iterator

import pytest
import torch


def pytest_collection_finish() -> None:
    """Leave all that is imported and collected out of later garbage collections, and let these be few.

    They would walk over torch's modules and thousands of tests again and again: a tenth of the run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute on one thread: a second one costs small layers more than it brings."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def seeded_on_one_thread(one_thread: None) -> None:
    """Start from a seed, on one thread."""
    torch.manual_seed(0)


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
