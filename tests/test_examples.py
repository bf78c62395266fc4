"""Every example runs as a reader would run it, warns of nothing and prints what it says it shows."""

import contextlib
import io
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from elman import kernels

ROOT = Path(__file__).parents[1]
SAID = {
    "drop_in": r"(\w+ +\(.*\) within 1e-6 of torch's: True\n){3}all 16 gradients within 1e-5 of torch's: True\n"
    rf"backend: {'native' if kernels.available() else 'reference'} because .+\n"
    r"backend in double precision: torch because .+ this is torch.float64\n",
    "packed_sequences": r"rows computed: 16 of 28 .*\noutput \(7, 4, 16\) lengths \[3, 7, 1, 5\]\n"
    r"(sequence \d, \d steps: the same as alone: True\n){4}",
    "long_sequence": r"floats kept: 7,[\d,]+, and by segments 1,[\d,]+\nthe same gradients, bit for bit: True\n",
    "truncated_bptt": r"(BPTT\(8, ..\)  relative distance from the full gradient \d\.\de[+-]\d\d\n){5}",
    "record_gates": r"adopted: \['memory'\]\n(forget bias \d: forget gate 0\.\d\d on average\n"
    r"  dc at steps 0, 8, 16, 23: (\d\.\de-\d\d(, )?){4}\n  step 0's share of .+\n){2}",
    "stream_sensor": r"trained: an error of 0\.\d\d on average, noise alone is 0\.05\n"
    r"1 in, 1 out, float32 on stream:\w+\nalarms at \[300(, 30\d)*\]\n"
    r"after the restart the same predictions, to the bit: True\n",
    "character_generator": r"held-out nats .*\n(  [\w-]+ +\d\.\d\d\n){6}"
    r"answers with: [\w-]+\nthe loaded model writes the same: True\nThe [\s\S]{200}\n",
}
CLUSTER = "ray_predict"  # starts a cluster, in a process of its own
# The scripts of docs/studies, whose pages show what they print.
pytestmark = pytest.mark.usefixtures("one_thread")
STUDIES = ("bp_and_bptt", "order_matters", "streams_and_splits", "vanishing_and_exploding")


# Trainings are short here; tests/studies holds what they come to.
SHORT = {
    "order_matters": ["--epochs", "1"],
    "streams_and_splits": ["--length", "4000", "--epochs", "1"],
    "vanishing_and_exploding": ["--seeds", "1", "--updates", "2"],
}


def said_by(name: str) -> str:
    """Run an example as the main program, in this process, where torch is loaded and every warning is an error."""
    program = str(ROOT / "examples" / f"{name}.py")
    said, failed = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [program, *SHORT.get(name, [])])
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(failed):
            runpy.run_path(program, run_name="__main__")
    assert failed.getvalue() == ""
    return said.getvalue()


def test_no_example_is_left_out():
    assert {file.stem for file in (ROOT / "examples").glob("*.py")} == {*SAID, *STUDIES, CLUSTER}


@pytest.mark.parametrize("name", SAID)
def test_an_example_says_what_it_shows(name):
    if name == "stream_sensor" and not kernels.available():
        pytest.skip(kernels.why_not())
    said = said_by(name)
    assert re.fullmatch(SAID[name], said), said
    if name == "truncated_bptt":  # a longer reach comes nearer, and one that covers the sequence is the full gradient
        errors = [float(number) for number in re.findall(r"\S+e\S+$", said, re.MULTILINE)]
        assert errors == sorted(errors, reverse=True)
        assert errors[0] > 0.01
        assert errors[-1] < 1e-6
    if name == "character_generator":  # the answer is the best of all
        losses = {n: float(loss) for n, loss in re.findall(r"^  ([\w-]+) +(\d\.\d\d)$", said, re.MULTILINE)}
        assert losses[re.findall(r"answers with: ([\w-]+)", said)[0]] == min(losses.values())
    if name == "record_gates":  # the open forget gate carries the gradient back to the first step
        shut, opened = (float(n) for n in re.findall(r"23: (\d\.\de-\d\d)", said))
        assert shut < 1e-6 < 1e-3 < opened


def test_a_cluster_predicts_what_one_process_does(tmp_path):
    pytest.importorskip("ray")
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{CLUSTER}.py")],
        capture_output=True,
        text=True,
        env=os.environ | {"HOME": str(tmp_path)},  # where Ray keeps a token
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Ray may have warned before, as of a slow machine.
    assert done.stdout.splitlines()[-1] == "5,000 rows, the same as predicted in one process: True"


def steady(said: str) -> str:
    """Leave out the numbers, which depend on the machine in their last digits, and the blanks before them."""
    return re.sub(r" *-?\d[\d.,]*(?:e[+-]\d+)?%?", " 0", said)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_prints_what_its_page_shows(name):
    page = (ROOT / "docs" / "studies" / f"{name.replace('_', '-')}.md").read_text(encoding="utf-8")
    shown = re.search(rf"^```text\n\$ python examples/{name}\.py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown, "the page shows no run"
    assert steady(said_by(name)) == steady(shown[1])
