"""A training stopped by Ctrl-C or killed at any moment: nothing is lost, and not a bit differs in the end."""

import json
import os
import shlex
import signal
import sys
import time

import pytest

import elman
from elman.cli import main, run
from elman.forking import TRAINING, process_context

OPTIONS = """--cell gru --hidden-size 16 --num-layers 2 --dropout 0.2 --embedding-dim 8 --batch-size 4 --k1 16 --k2 24
    --epochs 2 --schedule cosine --answer network --checkpoint-seconds 0.02""".split()  # noqa: SIM905 -- as it is typed


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "text.txt"
    path.write_text("".join(f"{n} bottles of beer on the wall, {n * n} of them full.\n" for n in range(80)))
    return path


def words(text, out, *more):
    return ["train", "text", str(text), "-o", str(out), *OPTIONS, *more]


class Started:
    """A process that runs `elman`, forked where torch is imported already, which takes seconds otherwise.

    Args:
        words: after `elman`.
        folder: where it leaves what it says to standard error.
    """

    def __init__(self, words, folder):
        self.said = folder / "error.txt"
        self.process = process_context(TRAINING).Process(target=run_with, args=(words, self.said))
        self.process.start()

    def stop_at(self, step, metrics, how, pause=0.0):
        """Send a signal once training has gone past a step; return what it said, or fail if it was over before."""
        while self.process.is_alive():
            if step_reached(metrics) >= step:
                time.sleep(pause)
                os.kill(self.process.pid, how)
                break
            time.sleep(0.005)
        self.process.join(60)
        assert self.process.exitcode == (130 if how == signal.SIGINT else -how), self.said.read_text()
        return self.said.read_text() if self.said.exists() else ""


def run_with(words, said):
    """Be `elman`; this runs in the other process."""
    with said.open("w") as error:
        os.dup2(error.fileno(), 2)
    sys.argv = ["elman", *words]
    run()


def step_reached(metrics):
    """The last step in a metrics file that is being written."""
    lines = metrics.read_text().splitlines() if metrics.exists() else []
    steps = [json.loads(line).get("step", 0) for line in lines if line.endswith("}")]
    return max(steps, default=0)


def weights(path):
    return {name: t.numpy().tobytes() for name, t in elman.load(path).network_.state_dict().items()}


def test_stopped_and_killed_it_ends_with_the_same_bits(text, tmp_path, capsys):
    out, metrics = tmp_path / "cut.safetensors", tmp_path / "cut.metrics.jsonl"
    Started(words(text, out, "--resume"), tmp_path).stop_at(0, metrics, signal.SIGKILL)
    # Ctrl-C is code 130, and one line that says how to go on.
    error = Started(words(text, out), tmp_path).stop_at(20, metrics, signal.SIGINT)
    assert error.count("\n") == 1
    assert error.startswith("elman: stopped after step ")
    again = shlex.split(error.split("go on with: ")[1])
    again = again[again.index("train") :]
    assert again == [*words(text, out), "--resume"]
    assert main(words(text, out)) == 1
    assert "unfinished training" in capsys.readouterr().err
    Started(again, tmp_path).stop_at(60, metrics, signal.SIGKILL, pause=0.011)
    assert main(words(text, out, "--resume")) == 0
    assert "going on after step" in capsys.readouterr().out
    assert main(words(text, tmp_path / "whole.safetensors")) == 0
    assert weights(out) == weights(tmp_path / "whole.safetensors")
    steps = [json.loads(line).get("step") for line in metrics.read_text().splitlines()]
    whole_steps = [json.loads(line).get("step") for line in (tmp_path / "whole.metrics.jsonl").read_text().splitlines()]
    assert steps == whole_steps
    assert not list(tmp_path.glob(".*"))
