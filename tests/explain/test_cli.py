"""`elman explain` on the command line: options go through, files are written, faults are the library's own."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from elman.cli.explain import explain
from elman.errors import ElmanError, InputError

app = typer.Typer()
app.command()(explain)


def output(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_gallery_is_listed() -> None:
    assert output("list").split() == sorted(output("list").split())
    assert "love-book" in output("list")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "BACKWARD 1"),
        (["--only", "forward"], "h_6 = tanh(a_6)"),
        (["--step", "3", "--only", "backward"], "dh_3 = W_hhᵀ da_4"),
        (["--id", "1/dh.5"], "used by: 1/da.5"),
        (["--blank"], "KEY"),
        (["--ascii"], "W_hh^T"),
        (["--digits", "6"], "0.685211"),
        (["--notation", "uwv"], "a_1 = U x_1 + W h_0 + b"),
        (["--format", "markdown"], "$$"),
        (["--format", "latex"], r"\begin{document}"),
    ],
)
def test_options(arguments: list[str], part: str) -> None:
    assert part in output("love-book", *arguments)


@pytest.mark.parametrize(
    ("name", "start"), [("a.md", "# "), ("a.tex", "\\documentclass"), ("a.json", "{"), ("a.txt", "Two")]
)
def test_a_file_is_written_in_the_format_of_its_name(tmp_path: Path, name: str, start: str) -> None:
    assert output("love-book", "-o", str(tmp_path / name)) == ""
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_a_notebook_is_written(tmp_path: Path) -> None:
    output("gru", "-o", str(tmp_path / "gru.ipynb"))
    assert json.loads((tmp_path / "gru.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4


def test_faults_reach_the_caller_as_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such worksheet"):
        output("nothing")
    with pytest.raises(ElmanError, match="cannot be written"):
        output("gru", "-o", str(tmp_path / "missing" / "gru.json"))
