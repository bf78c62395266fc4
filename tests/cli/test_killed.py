"""A training killed at any moment, as by the power cord: nothing is lost, and not a bit differs in the end."""

import json
import shlex
import signal
import subprocess
import sys
import time

import pytest

import elman
from elman.cli import main

CODE = "import sys; from elman.cli import main; sys.exit(main())"
OPTIONS = """--cell gru --hidden-size 32 --num-layers 2 --dropout 0.2 --embedding-dim 8 --batch-size 4 --k1 16 --k2 24
--epochs 2
    --schedule cosine --checkpoint-seconds 0""".split()  # noqa: SIM905 -- reads as it is typed


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "text.txt"
    path.write_text("".join(f"{n} bottles of beer on the wall, {n * n} of them full.\n" for n in range(140)))
    return path


def words(text, out, *more):
    return ["train", "text", str(text), "-o", str(out), *OPTIONS, *more]


def start(text, out, *more):
    command = [sys.executable, "-c", CODE, *words(text, out, *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def step_reached(metrics):
    """The last step in a metrics file that is being written."""
    lines = metrics.read_text().splitlines() if metrics.exists() else []
    steps = [json.loads(line).get("step", 0) for line in lines if line.endswith("}")]
    return max(steps, default=0)


def stop_at(process, metrics, step, how, pause=0.0):
    """Send a signal once training has gone past a step; return what it said, or fail if it was over before."""
    while process.poll() is None:
        if step_reached(metrics) >= step:
            time.sleep(pause)
            process.send_signal(how)
            break
        time.sleep(0.005)
    said = process.communicate(timeout=60)
    assert process.returncode in (-how, 130), said
    return said


def weights(path):
    return {name: t.numpy().tobytes() for name, t in elman.load(path).network_.state_dict().items()}


def test_killed_again_and_again_it_ends_with_the_same_bits(text, tmp_path, capsys):
    out, metrics = tmp_path / "cut.safetensors", tmp_path / "cut.metrics.jsonl"
    for step, pause in ((0, 0.0), (90, 0.011)):
        stop_at(start(text, out, "--resume"), metrics, step, signal.SIGKILL, pause)
    assert main(words(text, out, "--resume")) == 0
    assert "going on after step" in capsys.readouterr().out
    assert main(words(text, tmp_path / "whole.safetensors")) == 0
    assert weights(out) == weights(tmp_path / "whole.safetensors")
    steps = [json.loads(line).get("step") for line in metrics.read_text().splitlines()]
    whole_steps = [json.loads(line).get("step") for line in (tmp_path / "whole.metrics.jsonl").read_text().splitlines()]
    assert steps == whole_steps
    assert not list(tmp_path.glob(".*"))


def test_ctrl_c_is_code_130_and_one_line_that_says_how_to_go_on(text, tmp_path, capsys):
    out, metrics = tmp_path / "m.safetensors", tmp_path / "m.metrics.jsonl"
    _, error = stop_at(start(text, out), metrics, 40, signal.SIGINT)
    assert error.count("\n") == 1
    assert error.startswith("elman: stopped after step ")
    again = shlex.split(error.split("go on with: ")[1])
    train = again.index("train")
    assert again[train : train + 2] == ["train", "text"]
    assert subprocess.run([*again[:train], "--version"], check=True, capture_output=True).stdout.startswith(b"elman ")
    assert again[-1] == "--resume"
    assert main(words(text, out)) == 1
    assert "unfinished training" in capsys.readouterr().err
