"""Threads: as many as torch is told, none where the work is small, and safe beside other threads and after a fork.

What concerns the whole process runs in a process of its own: once on the threads that torch runs on, once on ours, as
where torch runs on no OpenMP.
"""

import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from tests.kernels.problems import Problem, native

ROOT = Path(__file__).parents[2]
LARGE = Problem("lstm", 24, 18, 33, 67)
FEW_ROWS = Problem("lstm", 24, 2, 7, 203)
PREAMBLE = """
    import os, signal, threading, time
    import torch
    from elman import kernels
    from tests.kernels.cells import CELLS
    from tests.kernels.problems import Problem, draw, native

    signal.alarm(60)  # a deadlock ends here

    # Large enough for several of our threads, and too small for several of torch's: in a forked child those are gone,
    # and an operation of torch's that wants them hangs.
    large, few_rows, small = Problem("lstm", 24, 18, 33, 67), Problem("gru", 30, 2, 7, 236), Problem("gru", 2, 3, 4, 5)

    def threads():
        return len(os.listdir("/proc/self/task"))

    def same(a, b):
        return all(torch.equal(a[name], b[name]) for name in a)
"""
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
either = pytest.mark.parametrize("ours", [False, True], ids=["torch's threads", "our threads"])


# Imports once, starts no thread, and forks for every program that it is sent: a process like a new one, without
# loading torch again, or what torch loads at its first backward pass. Frozen, it is no garbage to collect at each end.
FORKS = """
import gc, json, os, sys
{threads}
import torch, torch.fx.experimental.symbolic_shapes, torch.utils.data, tests.kernels.problems
gc.freeze()
for line in sys.stdin:
    if os.fork() == 0:
        os.dup2(1, 2)
        sys.stdout = open(os.devnull, "w")
        exec(json.loads(line), {"__name__": "__main__"})
        os._exit(0)  # without what Python and torch tear down, 0.2 s; the test of that says sys.exit()
    print("ended:", os.wait()[1], flush=True)
"""
OURS = "from elman import kernels; assert kernels.use_openmp; kernels.use_openmp = lambda path: False"
Python = Callable[[str, bool], None]


@pytest.fixture(scope="module")
def python() -> Iterator[Python]:
    """Return a function that runs code in a new process, on our own threads or torch's; it fails if the code does."""
    forks: dict[bool, subprocess.Popen[str]] = {}

    def run(code: str, ours: bool) -> None:
        if ours not in forks:
            command = [sys.executable, "-W", "ignore", "-c", FORKS.replace("{threads}", OURS if ours else "")]
            forks[ours] = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
        process, said = forks[ours], []
        process.stdin.write(json.dumps(textwrap.dedent(PREAMBLE) + textwrap.dedent(code)) + "\n")
        for line in process.stdout:
            said.append(line)
            if line.startswith("ended:"):
                break
        assert said[-1:] == ["ended: 0\n"], "".join(said)

    yield run
    for process in forks.values():
        process.communicate(timeout=60)


@linux
@either
def test_as_many_as_torch_is_told(python: Python, ours: bool) -> None:
    python(
        """
        torch.set_num_threads(1)
        native(large), native(few_rows)
        before = threads()
        for count in (2, 3, 8, 3, 1):
            torch.set_num_threads(count)
            native(small)  # no work for a second thread, and so none is started
            started = threads() - before
            native(large)  # OpenMP lets go of threads that are not asked for again
            assert count - 1 <= threads() - before <= max(started, count - 1), (count, threads() - before)
    """,
        ours,
    )


@linux
@either
def test_workers_sleep_between_calls(python: Python, ours: bool) -> None:
    """Torch's threads would otherwise find their cores taken."""
    python(
        """
        torch.set_num_threads(4)
        native(large)
        time.sleep(0.05)
        before = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before < 0.05
    """,
        ours,
    )


@linux
@either
@pytest.mark.parametrize("problem", ["large", "few_rows"])
def test_a_forked_child_computes(python: Python, problem: str, ours: bool) -> None:
    """It has none of its parent's threads; the parent's go on working."""
    python(
        f"""
        torch.set_num_threads(3)
        inputs = [t.float() for t in draw({problem})]

        def work():
            signal.alarm(20)  # a child has its own clock
            with torch.no_grad():
                return CELLS[{problem}.cell].native(*inputs)[0].numpy().tobytes()

        want = work()
        for generation in range(2):
            child = os.fork()
            if child == 0:
                right = work() == want
                grandchild = os.fork()
                if grandchild == 0:
                    os._exit(0 if work() == want and threads() == 3 else 1)
                os._exit(0 if right and os.waitpid(grandchild, 0)[1] == 0 else 1)
            assert work() == want
            assert os.waitpid(child, 0)[1] == 0
    """,
        ours,
    )


@linux
@either
def test_a_fork_while_another_thread_computes(python: Python, ours: bool) -> None:
    """The child finds the workers' lock in whatever state it was, and may not wait for it."""
    python(
        """
        torch.set_num_threads(2)
        want, stop = native(large), threading.Event()

        def work():
            while not stop.is_set():
                native(large)

        busy = threading.Thread(target=work)
        busy.start()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a child has its own clock
                os._exit(0 if same(native(large), want) else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        busy.join()
    """,
        ours,
    )


@linux
@either
def test_worker_processes_of_a_data_loader(python: Python, ours: bool) -> None:
    python(
        """
        torch.set_num_threads(2)
        want = native(large)["y"]

        class Outputs(torch.utils.data.Dataset):
            def __len__(self):
                return 4

            def __getitem__(self, index):
                torch.set_num_threads(2)  # a loader's worker has one by default
                return native(large)["y"]

        for y in torch.utils.data.DataLoader(Outputs(), batch_size=None, num_workers=2, multiprocessing_context="fork"):
            assert torch.equal(y, want)
    """,
        ours,
    )


@linux
@either
def test_the_process_ends_while_workers_sleep(python: Python, ours: bool) -> None:
    python(
        """
        import sys
        torch.set_num_threads(4)
        native(large)
        sys.exit()
    """,
        ours,
    )


@pytest.mark.parametrize("count", [1, 2, 8])
def test_calls_from_several_threads_at_once(count: int) -> None:
    torch.set_num_threads(count)
    wanted = {problem: native(problem) for problem in (LARGE, FEW_ROWS)}
    wrong: list[str] = []

    def work(problem: Problem) -> None:
        torch.set_num_threads(count)  # torch keeps it by thread
        for _ in range(8):
            got = native(problem)
            outputs = [name for name in got if not name.startswith("grad")]
            wrong.extend(name for name in outputs if not torch.equal(got[name], wanted[problem][name]))

    users = [threading.Thread(target=work, args=(problem,)) for problem in (LARGE, FEW_ROWS, LARGE, FEW_ROWS)]
    for user in users:
        user.start()
    for user in users:
        user.join(60)
    assert not any(user.is_alive() for user in users)
    assert not wrong
