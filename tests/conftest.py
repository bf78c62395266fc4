"""What tests of several rooms share."""

import functools
import gc
from collections.abc import Iterator

import pytest
import typer.main
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # other work on the machine is no failure
settings.load_profile("untimed")


LONGEST = ("test_ranks.py", "test_docs.py", "test_page.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: a process that is given one of them last works alone at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def pytest_collection_finish() -> None:
    """Leave all that is imported and collected out of later garbage collections, and let these be few.

    They would walk over torch's modules and thousands of tests again and again: a tenth of the run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _commands_built_once() -> Iterator[None]:
    """Build the commands of `elman` once in this process, as a user's process does: it takes 14 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no losses after a training: 0.15 s each, in tests of something else."""
    monkeypatch.setattr("elman.models.estimator.base.try_to_draw_losses", lambda *_: None)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute on one thread: a second one costs small layers more than it brings."""
    import torch  # here, because the process that hands tests to the others has no use for it

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def seeded_on_one_thread(one_thread: None) -> None:
    """Start from a seed, on one thread.

    `torch.manual_seed` also notes, for three kinds of devices, the stack of the call: 0.4 ms in a test.
    """
    import torch

    torch.default_generator.manual_seed(0)


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    """Compile anew, and leave nothing compiled to other tests."""
    import torch

    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.fixture(scope="module")
def process_group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One group of this process alone, for DistributedDataParallel.

    It outlives the models on it. Destroyed right after a backward pass it can hang for ever: it waits, with Python's
    lock, for its threads, and they wait for that lock to let go of their last work.
    """
    import torch

    store = torch.distributed.FileStore(str(tmp_path_factory.mktemp("group") / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()
