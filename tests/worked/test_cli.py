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
    assert output("list").splitlines() == sorted(output("list").splitlines())
    assert "love-book      Two sentences, one network\n" in output("list")


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


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.docx", "x.html.bak", "x.yaml"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected a file that ends in \.md, \.tex, \.json, .*\.html, got "):
        output("gru", "-o", str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []
    output("gru", "-o", str(tmp_path / name), "--format", "markdown")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith("# A GRU")


def test_the_list_of_mistakes_is_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a file that ends in \.txt, got \.html"):
        output("not-very-good", "--mistakes", "-o", str(tmp_path / "x.html"))
    output("not-very-good", "--mistakes", "-o", str(tmp_path / "x.TXT"))
    assert "E19" in (tmp_path / "x.TXT").read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", ['title: "\\ud800"', "title: 12", "cell: 3"])
def test_a_fault_leaves_the_file_that_was_there(tmp_path: Path, fault: str) -> None:
    keep, sheet = tmp_path / "keep.html", tmp_path / "sheet.yaml"
    keep.write_text("OLD", encoding="utf-8")
    sheet.write_text(f"{fault}\n", encoding="utf-8")
    with pytest.raises(ElmanError):
        output(str(sheet), "-o", str(keep))
    assert keep.read_text(encoding="utf-8") == "OLD"


def test_a_fault_while_writing_leaves_the_file_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = tmp_path / "keep.html"
    keep.write_text("OLD", encoding="utf-8")
    monkeypatch.setattr("os.fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ElmanError, match="No space left"):
        output("gru", "-o", str(keep))
    assert keep.read_text(encoding="utf-8") == "OLD"
    assert list(tmp_path.iterdir()) == [keep]
