"""Trainings over several processes: the weights of one process, the same decisions, kills, and ranks that differ."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.train import dealt

import elman
from elman.bptt import Streams
from elman.bptt.streams import IGNORED
from elman.errors import RanksError
from elman.models.estimator.examples import ByLength
from elman.train import Batch, RunFiles, ranks
from elman.train.reduction import Reduction

SCRIPT = Path(dealt.__file__)
SECONDS = 240
"""Time after which a run of ranks counts as hanging."""
WITHIN = 1e-6
"""Relative distance of all weights together after 100 updates: the sums of two ranks round differently."""


def started(*words: str) -> subprocess.Popen[str]:
    """Start a program in a session of its own, so that all of its processes can be ended."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    return subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])},
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], seconds: float = SECONDS) -> tuple[int, str, str]:
    """Return exit code, output and errors; a process that hangs is killed with its children, and fails the test."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"hangs after {seconds} s: {process.communicate()}")
    return process.returncode, out, err


def torchrun(*words: str) -> subprocess.Popen[str]:
    return started("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *words)


class Left(NamedTuple):
    """Hold the files that ranks left, and what the broken ones said."""

    folder: Path
    said: str

    def names_after_restarts(self) -> list[str]:
        return [file.name for file in self.folder.glob("after *")]


def broken(folder: Path, kills: int, epochs: int, *more: str) -> Left:
    """Run `tests/train/dealt.py`, whose last attempt ends with an error."""
    code, out, err = ended(started(str(SCRIPT), str(folder), str(kills), str(epochs), *more), SECONDS + 30 * kills)
    assert code == 1, out + err
    return Left(folder, err)


@pytest.fixture(scope="module")
def of_two(tmp_path_factory):
    left = broken(tmp_path_factory.mktemp("two"), 1, 2)
    assert (left.folder / "unbroken.safetensors").exists(), left
    return left


@pytest.fixture
def as_rank(monkeypatch):
    """Pretend to be one of several ranks, in what needs no other."""

    def pretend(number, count):
        monkeypatch.setattr(ranks, "rank", lambda: number)
        monkeypatch.setattr(ranks, "count", lambda: count)

    return pretend


@pytest.mark.parametrize("name", dealt.JOBS)
def test_two_ranks_learn_the_weights_of_one_process(name, of_two, one_thread):
    model, got = dealt.trained(name), load_file(of_two.folder / f"{name}.safetensors")
    assert model.progress_.step == int(got["updates"]) >= 100
    assert float(got["held out"]) == pytest.approx(model.progress_.best, rel=WITHIN)
    want = torch.cat([weights.double().flatten() for weights in model.network_.parameters()])
    found = torch.cat([got[weights].double().flatten() for weights, _ in model.network_.named_parameters()])
    assert (found - want).norm() <= WITHIN * want.norm()


@pytest.mark.parametrize("name", dealt.DECIDED)
def test_ranks_decide_alike(name, of_two):
    """Each of them has seen in `dealt.leave` that it has the first one's weights, bit by bit, or would have ended."""
    assert (of_two.folder / f"{name}.safetensors").exists()


def test_ranks_that_were_started_differently_say_so_once(of_two):
    out, err = ([dealt.said(of_two.folder, stream, number).read_text() for number in (0, 1)] for stream in (1, 2))
    assert ((of_two.folder / "codes.txt").read_text(), out, err[1]) == ("1 1", ["", ""], "")
    assert err[0].startswith("elman: ranks: rank 1 was started with seed 1, rank 0 has 0; text ")
    assert err[0].count("\n") == 1
    assert not (of_two.folder / "m.safetensors").exists()


def test_a_rank_that_was_killed_costs_no_bit_and_what_ends_all_ranks_is_said_once(of_two):
    assert of_two.names_after_restarts() == ["after 1 restarts.safetensors"], of_two.said
    got, want = (load_file(of_two.folder / f"{name}.safetensors") for name in ("after 1 restarts", "unbroken"))
    assert got["digest"] == want["digest"]
    assert of_two.said.count("none.txt: no such file") == 1
    assert of_two.said.count("elman: ") == 1


@pytest.mark.study
def test_thirty_kills_cost_no_bit(tmp_path):
    for kills in (0, 30):
        (tmp_path / str(kills)).mkdir()
        left = broken(tmp_path / str(kills), kills, 25, "broken")
        assert left.names_after_restarts() == [f"after {kills} restarts.safetensors"]
    got, want = (load_file(tmp_path / str(k) / f"after {k} restarts.safetensors")["digest"] for k in (30, 0))
    assert got == want


def test_ctrl_c_stops_all_ranks_and_another_number_of_ranks_goes_on(tmp_path, one_thread):
    model, data = dealt.lasting(1)
    (tmp_path / "a.txt").write_text(data[0])
    options = [f"--{name.replace('_', '-')}={value}" for name, value in given(model).items()]
    words = ["-m", "elman", "train", "text", str(tmp_path / "a.txt"), "-o", str(tmp_path / "m.safetensors")]
    process = torchrun(*words, *options, "--epochs", "100000")
    files = RunFiles.for_model(tmp_path / "m.safetensors")
    deadline = time.monotonic() + SECONDS
    while not files.metrics.exists() or files.metrics.read_text().count("\n") < 5:
        if time.monotonic() > deadline or process.poll() is not None:
            pytest.fail(f"nothing was learned: {ended(process, 1)}")
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, out, err = ended(process)
    assert err.count("everything is saved; start all ranks again with --resume") == 1, err
    assert out.count("to beat") == 1
    with pytest.warns(UserWarning, match=r"written by 2 ranks, resumed by 1: .* dropout draws other numbers"):
        model.set_params(epochs=2).fit(tmp_path / "a.txt", files=files, resume=True)
    assert model.progress_.step > 5


def given(model):
    """Return the options of `dealt.lasting` that are not the usual ones, but for the epochs."""
    usual = elman.TextGenerator().get_params()
    return {name: value for name, value in model.get_params().items() if value != usual[name] and name != "epochs"}


@pytest.fixture
def started_by_hand(monkeypatch):
    """Make this process the second rank of two, of which the first is not there."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(dealt.free_port())}
    for name, value in ({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"} | place).items():
        monkeypatch.setenv(name, value)


def test_a_rank_that_cannot_reach_the_others_gives_up_with_one_line(started_by_hand, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(ranks, "LIMIT", timedelta(seconds=1))
    with pytest.raises(RanksError) as caught:
        ranks.join()
    said = str(caught.value)
    assert said.startswith("rank 1: the other ranks cannot be reached, or one of them has ended (")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("processors", "threads", "given", "share"), [(8, 8, None, 4), (8, 3, None, 3), (1, 3, None, 1), (8, 6, "6", 6)]
)
def test_a_rank_keeps_to_its_share_of_the_processors(
    started_by_hand, one_thread, monkeypatch, processors, threads, given, share
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    monkeypatch.setattr(ranks, "_connect", lambda: None)
    monkeypatch.setattr(ranks.atexit, "register", lambda *_: None)
    torch.set_num_threads(threads)
    ranks.join()
    assert torch.get_num_threads() == share


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shares_of_streams_hold_every_target_once_in_as_many_steps(count):
    symbols, documents = np.arange(28), np.array([3, 8, 9, 20])
    streams = Streams(symbols, 5, documents)
    shares = [streams.share(number, count) for number in range(count)]
    assert {share.length for share in shares} == {streams.length}
    for begin, end in ((0, 4), (4, 6), (-2, 0)):
        want = streams.window(begin, end)
        inputs, targets = torch.full_like(want.inputs, -9), torch.full_like(want.targets, -9)
        resets = {}
        for number, share in enumerate(shares):
            got = share.window(begin, end)
            inputs[:, number::count], targets[:, number::count] = got.inputs, got.targets
            for step, rows in got.resets:
                resets.setdefault(step, torch.zeros(5, dtype=torch.bool))[number::count] = rows
        assert torch.equal(inputs, want.inputs)
        assert torch.equal(targets, want.targets)
        assert {step: rows.tolist() for step, rows in want.resets} == {k: v.tolist() for k, v in resets.items()}
        if begin >= 0:
            assert sum(share.count(begin, end) for share in shares) == streams.count(begin, end)
    assert (targets != IGNORED).any()


class Numbers:
    """Examples whose loss is the mean of their numbers."""

    lengths = np.array([4, 2, 7, 1, 3])

    def loss(self, rows):
        return Batch(torch.tensor(rows, dtype=torch.float64).mean(), len(rows))


def test_a_rank_for_which_no_row_is_left_has_an_empty_share(as_rank):
    made = {"batch": 4, "seed": 1, "target": "row", "loss_unit": "nats", "baselines": {}}
    counts = []
    for number in range(3):
        as_rank(number, 3)
        job = ByLength(torch.nn.Linear(1, 1), Numbers(), None, **made)
        found = []
        for _ in range(2):
            batch = job.forward()
            found.append(batch.weight)
            job.advance()
        counts.append(found)
    assert sorted(map(sum, zip(*counts, strict=True))) == [1, 4]
    assert min(map(min, counts)) == 0


def test_a_share_without_targets_adds_nothing_and_an_unused_parameter_keeps_no_gradient():
    used, unused = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    reduction = Reduction([used, unused])
    found = reduction(Batch((used * 3).sum() / 2, 5, 2.0), 7.5, stop=True)
    torch.testing.assert_close(used.grad, torch.full((2,), 1.5))
    assert unused.grad is None
    assert (float(found.batch.loss), found.batch.count, found.seconds, found.stop) == (3.0, 5, 7.5, True)


def test_fewer_rows_in_an_update_than_ranks_are_refused(as_rank):
    as_rank(0, 8)
    with pytest.raises(elman.errors.InputError, match="batch_size: expected 8 or more, one for each rank, got 4"):
        ranks.check_rows(4)
