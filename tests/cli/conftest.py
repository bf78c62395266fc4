"""What tests of several commands share."""

import pytest

from elman.cli import main


@pytest.fixture
def refused(capsys):
    """Return a function that runs a command, expects one line with a message, and every file of a folder as it was."""

    def run(folder, words, message):
        before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
        assert main(words) == 1
        error = capsys.readouterr().err
        assert error.startswith("elman: ")
        assert error.count("\n") == 1
        assert message in error
        assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before

    return run
