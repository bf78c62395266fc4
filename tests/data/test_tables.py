"""Tables from frames and files: what they hold is what the user wrote, and what is wrong is said by row and column."""

import json

import pandas as pd
import polars as pl
import pytest

from elman.data.table_writer import TableWriter
from elman.data.tables import read_table, stream_table
from elman.errors import DataError, InputError, MissingLibraryError

ROWS = {"text": ["null", "007", "naïve, “x”"], "label": ["NA", "b", "b"], "size": [1.5, 2.0, -3.25]}


def written(folder, name):
    path = folder / name
    with TableWriter(path) as writer:
        writer.write({key: cells[:2] for key, cells in ROWS.items()})
        writer.write({key: cells[2:] for key, cells in ROWS.items()})
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.TSV", "t.jsonl", "t.parquet", "sub/t.csv"])
def test_what_was_written_is_read(tmp_path, name):
    path = written(tmp_path, name)
    table = read_table(path)
    assert table.columns == list(ROWS)
    assert table.texts("text") == ROWS["text"]
    assert table.values("label") == ROWS["label"]
    assert table.numbers(["size"]).ravel().tolist() == ROWS["size"]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_are_read_as_they_are(frame):
    table = read_table(frame(ROWS))
    assert table.texts("text") == ROWS["text"]
    assert table.numbers(["size", "size"]).tolist() == [[x, x] for x in ROWS["size"]]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_a_table_comes_in_pieces(tmp_path, name):
    pieces = list(stream_table(written(tmp_path, name), rows=2))
    assert [len(piece) for piece in pieces] == [2, 1]
    assert [piece.first for piece in pieces] == [1, 3]
    assert [text for piece in pieces for text in piece.texts("text")] == ROWS["text"]


def test_a_column_is_guessed_only_where_one_fits():
    table = read_table(pd.DataFrame({"Text": ["a"], "b": ["c"]}))
    assert table.column("input", None, ("text", "sentence")) == "Text"
    assert table.column("input", "b") == "b"
    with pytest.raises(DataError, match="no column 'c': input has to be one of Text, b"):
        table.column("input", "c")
    with pytest.raises(DataError, match=r"which column is the label\? There is none by a usual name: name one of Text"):
        table.column("label", None, ("label",))
    with pytest.raises(DataError, match="There is both Text and b: name one of"):
        table.column("label", None, ("text", "b"))
    headless = read_table(pd.DataFrame({"-1": ["1"], "no good": ["good"]}))
    with pytest.raises(DataError, match="name one of -1, no good, or write a header above the first row, if these are"):
        headless.column("label", None, ("label",))


def file_with(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


BAD = {
    "missing": (lambda f: f / "none.csv", "none.csv: no such file"),
    "folder": (lambda f: (f / "d.csv").mkdir() or f / "d.csv", "d.csv: cannot be read"),
    "ending": (lambda f: file_with(f, "a.txt", b"x"), "a.txt: expected a name that ends in .csv, .tsv"),
    "empty": (lambda f: file_with(f, "a.csv", b""), "a.csv: the file is empty"),
    "header only": (lambda f: file_with(f, "a.csv", b"x,y\n"), "a.csv: the table has no rows"),
    "empty lines": (lambda f: file_with(f, "a.jsonl", b"\n\n"), "a.jsonl: the table has no rows"),
    "ragged": (
        lambda f: file_with(f, "a.csv", b"x,y\n1,2\n1,2,3\n"),
        "a.csv: line 3: got 3 fields, but the header has 2",
    ),
    "latin-1": (lambda f: file_with(f, "a.csv", b"x\ncaf\xe9\n"), "a.csv: not UTF-8 .byte 0xe9"),
    "latin-1 lines": (lambda f: file_with(f, "a.jsonl", b'{"x": "\xe9"}\n'), "a.jsonl: not UTF-8 .byte 0xe9"),
    "no JSON": (lambda f: file_with(f, "a.jsonl", b'{"x": 1}\n{"x"\n'), "a.jsonl: line 2 is not JSON"),
    "no object": (lambda f: file_with(f, "a.jsonl", b"[1]\n"), "a.jsonl: line 1: expected an object"),
    "no Parquet": (lambda f: file_with(f, "a.parquet", b"PAR?"), "a.parquet: not a Parquet file"),
    "no table": (lambda f: 3, "expected a pandas or Polars frame or a path, got int"),
    "no rows": (lambda f: pd.DataFrame({"x": []}), "table: it has no rows"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_read_says_why(tmp_path, case):
    make, message = BAD[case]
    with pytest.raises(DataError, match=message):
        read_table(make(tmp_path))


@pytest.mark.parametrize("missing", ["", None, float("nan")])
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_missing_cell_is_named_by_row(missing, frame):
    cells = ["1", "2", missing] if missing == "" else [1.0, 2.0, missing]
    table = read_table(frame({"x": cells}))
    for read in (table.values, lambda column: table.numbers([column])):
        with pytest.raises(DataError, match=r"table: row 3, column 'x' is missing \(1 of 3 rows\)"):
            read("x")


@pytest.mark.parametrize(("cell", "said"), [("two", "'two'"), ("inf", "'inf'"), ("NaNa", "'NaNa'")])
def test_a_cell_that_is_no_number_is_named_by_row_in_the_file(tmp_path, cell, said):
    path = file_with(tmp_path, "a.csv", f"x\n1\n2\n{cell}\n".encode())
    last = list(stream_table(path, rows=2))[-1]
    with pytest.raises(DataError, match=f"a.csv: row 3, column 'x': expected a number, got {said}"):
        last.numbers(["x"])


def test_a_number_is_no_text():
    with pytest.raises(DataError, match="row 1, column 'x': expected text, got 3"):
        read_table(pd.DataFrame({"x": [3]})).texts("x")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = file_with(tmp_path, "a.csv", b"x\n1\n2\n3\n")
    pieces = stream_table(path, rows=1)
    next(pieces)
    path.write_bytes(b"x\n1\n2\n3\n4\n")
    with pytest.raises(DataError, match=r"a\.csv: the file changed while it was read"):
        list(pieces)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    assert read_table(file_with(tmp_path, "a.csv", "\ufeffx\n1\n".encode())).columns == ["x"]


def test_nothing_half_written_is_left(tmp_path):
    path = file_with(tmp_path, "out.csv", b"before")
    with pytest.raises(ValueError, match="shorter"), TableWriter(path) as writer:
        [writer.write(piece) for piece in ({"x": [1], "y": [2]}, {"x": [1], "y": []})]
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"out.csv": b"before"}


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "d.csv").mkdir()
    (tmp_path / "file").touch()
    for path, message in (
        (tmp_path / "d.csv", "a folder is there, not a file"),
        (tmp_path / "file" / "x.csv", "cannot be written"),
    ):
        with pytest.raises(InputError, match=message), TableWriter(path):
            pass


def test_json_lines_keep_types(tmp_path):
    path = written(tmp_path, "t.jsonl")
    assert [json.loads(line)["size"] for line in path.read_text().splitlines()] == ROWS["size"]


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    path = written(tmp_path, "t.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingLibraryError, match=r"Parquet needs pyarrow: pip install 'elman\[tables\]'"):
        read_table(path)
