"""A training killed at any moment, as by the power cord: nothing is lost, and not a bit differs in the end."""

import json
import shlex
import signal
import subprocess
import sys
import time

import pytest

import elman

CODE = "import sys; from elman.cli import main; sys.exit(main())"
OPTIONS = """--cell gru --hidden-size 32 --num-layers 2 --dropout 0.2 --embedding-dim 8 --batch-size 4 --k1 16 --k2 24
--epochs 3
    --schedule cosine --checkpoint-seconds 0""".split()  # noqa: SIM905 -- reads as it is typed


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "text.txt"
    path.write_text("".join(f"{n} bottles of beer on the wall, {n * n} of them full.\n" for n in range(140)))
    return path


def start(text, out, *more):
    words = [sys.executable, "-c", CODE, "train", "text", str(text), "-o", str(out), *OPTIONS, *more]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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


def test_killed_again_and_again_it_ends_with_the_same_bits(text, tmp_path):
    whole = start(text, tmp_path / "whole.safetensors")
    out, metrics = tmp_path / "cut.safetensors", tmp_path / "cut.metrics.jsonl"
    for step, pause in ((0, 0.0), (40, 0.003), (110, 0.011)):
        stop_at(start(text, out, "--resume"), metrics, step, signal.SIGKILL, pause)
    last = start(text, out, "--resume")
    said, error = last.communicate(timeout=120)
    assert last.returncode == 0, error
    assert "going on after step" in said
    assert whole.wait(120) == 0
    whole.communicate()
    assert weights(out) == weights(tmp_path / "whole.safetensors")
    steps = [json.loads(line).get("step") for line in metrics.read_text().splitlines()]
    whole_steps = [json.loads(line).get("step") for line in (tmp_path / "whole.metrics.jsonl").read_text().splitlines()]
    assert steps == whole_steps
    assert not list(tmp_path.glob(".*"))


def test_ctrl_c_is_code_130_and_one_line_that_says_how_to_go_on(text, tmp_path):
    out, metrics = tmp_path / "m.safetensors", tmp_path / "m.metrics.jsonl"
    _, error = stop_at(start(text, out), metrics, 40, signal.SIGINT)
    assert error.count("\n") == 1
    assert error.startswith("elman: stopped after step ")
    again = shlex.split(error.split("go on with: ")[1])
    train = again.index("train")
    assert again[train : train + 2] == ["train", "text"]
    assert subprocess.run([*again[:train], "--version"], check=True, capture_output=True).stdout.startswith(b"elman ")
    assert again[-1] == "--resume"
    refused = start(text, out)
    assert "unfinished training" in refused.communicate(timeout=60)[1]
    assert refused.returncode == 1
