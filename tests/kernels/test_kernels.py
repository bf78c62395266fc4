"""The library behind the kernels: its choice of an instruction set, and how it says no."""

import os
import re
import subprocess
import sys

import pytest

from elman import kernels
from elman.errors import InputError


def test_every_set_can_be_chosen(instruction_set: str) -> None:
    assert kernels.instruction_set() == instruction_set
    assert kernels.available()
    assert kernels.why_not() == ""


def test_there_is_always_the_portable_one() -> None:
    assert kernels.instruction_sets()[-1] == "portable"


def test_an_unknown_set() -> None:
    before = kernels.instruction_set()
    with pytest.raises(InputError, match=r"no instruction set 'sse9'; choose one of .*portable"):
        kernels.use_instruction_set("sse9")
    assert kernels.instruction_set() == before


@pytest.mark.parametrize("name", [*kernels.instruction_sets(), "sse9"])
def test_the_environment_chooses(name: str) -> None:
    code = "from elman import kernels; print(kernels.instruction_set())"
    environment = {**os.environ, "ELMAN_INSTRUCTION_SET": name}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    if name == "sse9":
        assert done.returncode != 0
        assert "ELMAN_INSTRUCTION_SET: this machine has no instruction set 'sse9'" in done.stderr
    else:
        assert done.stdout.strip() == name


def test_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_library", lambda: None)
    assert not kernels.available()
    assert "ELMAN_PURE_PYTHON" in kernels.why_not()
    with pytest.raises(InputError, match="no compiled kernels"):
        kernels.instruction_set()


def test_a_library_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "FIELDS", kernels.FIELDS[:3])
    with pytest.raises(OSError, match="another version of Elman; install Elman again"):
        kernels._Library(kernels._PATH)


def test_the_record_is_that_of_the_header() -> None:
    header = (kernels._PATH.parent / "elman.h").read_text()
    body = re.sub(r"//.*", "", header.split("struct elman_call {")[1].split("};")[0])
    declared = [name for line in body.split(";") for name in re.findall(r"\b(\w+)\s*(?:,|$)", line.strip())]
    assert tuple(declared) == kernels.FIELDS


def test_more_fields_than_there_are() -> None:
    with pytest.raises(TypeError, match=r"expected at most 41 fields, cell, backward, .* got 42"):
        kernels.run([0] * 42)


def test_an_unknown_cell() -> None:
    with pytest.raises(RuntimeError, match=r"expected the number of a cell, .* got 99"):
        kernels.run([99])


@pytest.mark.parametrize(("number", "gates", "got"), [(2, 3, "got 4 and 4"), (99, 4, "got no such cell")])
def test_a_cell_of_another_size(number: int, gates: int, got: str) -> None:
    expected = rf"\(lstm\) to have {gates} gates and 4 saved vectors, {got}.*Install Elman again"
    with pytest.raises(OSError, match=expected):
        kernels.check_cell("lstm", number, gates, 4)
