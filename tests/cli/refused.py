"""Check how a command refuses bad input."""

from pathlib import Path

import pytest

from elman.cli import main


def check_refused(words: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command that must end with one line that has the message, and change no file of the folder."""
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.startswith("elman: ")
    assert error.count("\n") == 1
    assert message in error
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
