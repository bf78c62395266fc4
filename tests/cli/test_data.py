"""`elman data`, and commands that are printed: they work from where they were printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from elman.cli import main, running
from elman.data.sets import data_sets

SCRIPT = Path(sys.executable).parent / "elman"


def test_the_list_has_every_set_and_fits_a_terminal(capsys):
    assert main(["data"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:-2]] == list(data_sets())
    assert all(len(line) < 80 for line in said[:-2])


def test_several_sets_are_written_here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "zen", "reviews"]) == 0
    assert main(["data", "reviews", "--unseen"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reviews.csv", "unseen-reviews.csv", "zen.txt"]
    assert "try: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [["nothing"], ["zen", "--unseen"], ["zen", "reviews", "-o", "a.txt"], ["zen", "-o", "a.pdf"], ["zen", "-o", "."]],
    ids=" ".join,
)
def test_wrong_requests_are_one_line(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["data", *words]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), said.err[:7]) == ("", 1, "elman: ")
    assert list(tmp_path.iterdir()) == []


def copy_of_the_script(place: Path) -> Path:
    """A script as pip writes it, in a folder like .venv/bin."""
    place.parent.mkdir(parents=True)
    place.write_text(f"#!{sys.executable}\nfrom elman.cli import run\nrun()\n")
    place.chmod(0o755)
    return place


def printed(folder: Path, *start: str, path: str) -> str:
    """The command that `elman data zen` prints in a folder, with a search path."""
    environment = os.environ | {"PATH": path, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = [*start, "data", "zen", "--overwrite"]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[1].removeprefix("  try: ")


def test_a_printed_command_works_where_it_is_printed(tmp_path):
    script = copy_of_the_script(tmp_path / "with blank/.venv/bin/elman")
    folder = tmp_path / "with blank"
    (folder / "below").mkdir()
    usual = os.environ["PATH"]
    other = copy_of_the_script(tmp_path / "other/elman")
    for here, start, path, begins in [
        (folder, ".venv/bin/elman", usual, ".venv/bin/elman train"),
        (folder, str(script), f"{other.parent}:{usual}", ".venv/bin/elman train"),
        (folder / "below", "../.venv/bin/elman", usual, "../.venv/bin/elman train"),
        (tmp_path, str(script), usual, "'with blank/.venv/bin/elman' train"),
        (other.parent, str(script), usual, f"'{script}' train"),
        (folder / "below", str(script), f"{script.parent}:{usual}", "elman train"),
    ]:
        said = printed(here, start, path=path)
        assert said.startswith(begins)
        found = subprocess.run(
            ["sh", "-c", f"command -v {said.split(' train')[0]}"],
            cwd=here,
            env={"PATH": path},
            check=True,
            capture_output=True,
            text=True,
        )
        assert (here / found.stdout.strip()).samefile(script)


def test_without_a_script_the_module_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["-m"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert running.program() == [str(tmp_path / "python"), "-m", "elman"]
    monkeypatch.chdir(tmp_path)
    assert running.command(["generate", "my model"]) == f"{Path('python')} -m elman generate 'my model'"
