"""Threads: as many as torch is told, none where the work is small, and safe beside other threads and after a fork.

What concerns the whole process runs in a process of its own.
"""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import torch
from tests.kernels.problems import Problem, native

ROOT = Path(__file__).parents[2]
LARGE = Problem("lstm", 30, 25, 33, 67)
FEW_ROWS = Problem("lstm", 24, 2, 7, 203)
PREAMBLE = """
    import os, signal, threading, time
    import torch
    from benchmarks.accuracy import CELLS
    from tests.kernels.problems import Problem, draw, native
    signal.alarm(60)  # a deadlock ends here

    large, few_rows, small = Problem("lstm", 30, 25, 33, 67), Problem("gru", 30, 2, 7, 236), Problem("gru", 2, 3, 4, 5)

    def threads():
        return len(os.listdir("/proc/self/task"))

    def same(a, b):
        return all(torch.equal(a[name], b[name]) for name in a)
"""
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")


def python(code: str) -> None:
    """Run code in a new process; it fails if the code does."""
    program = textwrap.dedent(PREAMBLE) + textwrap.dedent(code)
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=80, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


@linux
def test_as_many_as_torch_is_told() -> None:
    python("""
        torch.set_num_threads(1)
        native(large), native(few_rows)
        before = threads()
        for count in (2, 3, 8, 3, 1):
            torch.set_num_threads(count)
            native(small)  # no work for a second thread, and so none is started
            started = threads() - before
            native(large)
            assert threads() - before == max(started, count - 1), (count, threads() - before)
    """)


@linux
def test_workers_sleep_between_calls() -> None:
    """Torch's threads would otherwise find their cores taken."""
    python("""
        torch.set_num_threads(4)
        native(large)
        time.sleep(0.05)
        before = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before < 0.05
    """)


@linux
@pytest.mark.parametrize("problem", ["large", "few_rows"])
def test_a_forked_child_computes(problem: str) -> None:
    """It has none of its parent's threads; the parent's go on working.

    Torch's own large operations may hang in such a child, and so only the kernels run there.
    """
    python(f"""
        torch.set_num_threads(3)
        inputs = [t.float() for t in draw({problem})]

        def work():
            signal.alarm(20)  # a child has its own clock
            with torch.no_grad():
                return CELLS[{problem}.cell].native(*inputs)[0].numpy().tobytes()

        want = work()
        for generation in range(3):
            child = os.fork()
            if child == 0:
                right = work() == want
                grandchild = os.fork()
                if grandchild == 0:
                    os._exit(0 if work() == want and threads() == 3 else 1)
                os._exit(0 if right and os.waitpid(grandchild, 0)[1] == 0 else 1)
            assert work() == want
            assert os.waitpid(child, 0)[1] == 0
    """)


@linux
def test_a_fork_while_another_thread_computes() -> None:
    """The child finds the workers' lock in whatever state it was, and may not wait for it."""
    python("""
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
    """)


@linux
def test_worker_processes_of_a_data_loader() -> None:
    python("""
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
    """)


@linux
def test_the_process_ends_while_workers_sleep() -> None:
    python("""
        torch.set_num_threads(4)
        native(large)
    """)


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
