"""Files that a user names: a pipe, a device or a directory is refused at once by every reader."""

import os
import threading
from pathlib import Path

import pytest

from elman.data.conll import read_columns
from elman.data.tables import read_table
from elman.data.text import read_text
from elman.data.vocabulary import Vocabulary, read_vectors
from elman.errors import DataError
from elman.limits import LONGEST_LINE
from elman.models.tag.columns import TagColumns
from elman.opening import lines, opened

READERS = {
    "text": read_text,
    "tokens": lambda path: list(read_columns(path)),
    "tags": lambda path: TagColumns().examples(path),
    "vectors": lambda path: read_vectors(path, Vocabulary(["?", "a"])),
    "csv": read_table,
    "tsv": read_table,
    "jsonl": read_table,
    "parquet": read_table,
}


def refused(read, path, said):
    with pytest.raises(DataError, match=said) as caught:
        read(path)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_at_once(tmp_path, name):
    read = READERS[name]
    path = tmp_path / f"a.{name}"
    os.mkfifo(path)
    refused(read, path, "expected a file, got a pipe")
    path.unlink()
    path.mkdir()
    refused(read, path, "expected a file, got a directory")
    path.rmdir()
    path.symlink_to("/dev/zero")
    refused(read, path, "expected a file, got a device")
    path.unlink()
    path.symlink_to(path.name)
    refused(read, path, "cannot be read")
    path.unlink()
    refused(read, path, "no such file")
    refused(read, tmp_path / f"{'x' * 300}.{name}", "cannot be read .File name too long")
    refused(read, tmp_path / f"a\0b.{name}", "not a file name")
    refused(read, tmp_path / f"a\x1b[31m\n.{name}", "no such file")


def test_a_pipe_of_the_shell_is_refused_whoever_writes_to_it():
    end, begin = os.pipe()
    writer = threading.Thread(target=lambda: os.write(begin, b"a B\n\n" * 1000), daemon=True)
    writer.start()
    refused(READERS["tokens"], Path(f"/dev/fd/{end}"), "got a pipe")
    writer.join()
    os.close(begin)
    os.close(end)


def test_lines_end_in_every_usual_way(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffa\r\nb\rc\nd\u2028e".encode())
    assert list(lines(path)) == [(1, "a\r\n"), (2, "b\r"), (3, "c\n"), (4, "d\u2028e")]


@pytest.mark.parametrize("name", ["tokens", "vectors", "csv", "tsv", "jsonl"])
def test_a_line_without_an_end_is_refused_in_little_memory(tmp_path, name):
    path = tmp_path / f"a.{name}"
    with path.open("wb") as file:
        file.write(b'{"a": "')
        file.truncate(40 * LONGEST_LINE)  # NUL characters, which take no room on the disk
    refused(READERS[name], path, "NUL|at most")
    path.write_bytes(b"x" * (LONGEST_LINE + 1))
    refused(READERS[name], path, f"line 1: expected at most {LONGEST_LINE:,} characters")


def test_a_file_that_changes_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("abc")

    def changed():
        with opened(path):
            path.write_text("abcd")

    with pytest.raises(DataError, match="changed while it was read"):
        changed()
