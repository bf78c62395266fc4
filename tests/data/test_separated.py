"""Rows of separated values: every field is counted, no quotation mark swallows a row, and what is refused is named."""

import pytest

from elman.data.table_writer import TableWriter
from elman.data.tables import read_table
from elman.errors import DataError, InputError

LABELLED = "good fun{s}pos\ndull{s}neg\n" * 6


def table(folder, text, name="a.csv"):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(path)


def cells(found):
    return [list(row) for row in zip(*(found.frame[name].to_list() for name in found.columns), strict=True)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", "line 3: got 3 fields, but the header has 2"),
        ("a,b\nx, y,1\n", "line 2: got 3 fields, but the header has 2: put a cell that holds a comma in quotation"),
        ("a,b\n2015-01-01,100,0\n", "line 2: .*a decimal comma"),
        ("a,b\n1,2,\n", "line 2: .*remove the comma at the end"),
        ("a;b\n1;2;\n", "line 2: .*remove the semicolon at the end"),
        ("a,b\n1,2\n\n3\n", "line 4: got 1 fields, but the header has 2: complete the row"),
        ("a\n1,2\n", "line 2: got 2 fields, but the header has 1"),
        ("a,b\nx\ry,1\n", "line 2: got 1 fields"),
        ('a,b\n"x,1\ny,2\n', "line 2: got 2|line 2: got 3 fields"),
        ("a,a\n1,2\n", "2 columns have the name 'a'"),
        (",\n1,2\n", "expected a name for each column, got none"),
        ("a\nx\0y\n", "line 2: expected text, got a NUL"),
        ("a,b\n1,2\n".encode("utf-16"), "expected UTF-8, got UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "got a NUL"),
        (b"a\n1\n\xff\xfe\n", "not UTF-8 .byte 0xff"),
        ("\n \n\n", "the file is empty"),
        ("\ufeff", "the file is empty"),
    ],
)
def test_a_row_or_file_that_would_lose_something_is_refused(tmp_path, text, said):
    if '"x,1' in str(text):  # the mark is stray, and the rows are whole
        assert cells(table(tmp_path, text)) == [['"x', "1"], ["y", "2"]]
        return
    with pytest.raises(DataError, match=said):
        table(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\r\n1,2\r\n", [["1", "2"]]),
        ("a,b\r1,2\r", [["1", "2"]]),
        ("a,b\n1,2", [["1", "2"]]),
        ("\n\na,b\n\n1,2\n  \n", [["1", "2"]]),
        ("\ufeffa, b \n1,\n", [["1", ""]]),
        ("a;b\n1,5;x, y\n", [["1,5", "x, y"]]),
        ("a\tb\n1\t2\n", [["1", "2"]]),
        ("sep=;\na;b\n1;2\n", [["1", "2"]]),
        ("a,size;cm\n1,2\n3,4\n", [["1", "2"], ["3", "4"]]),
        ('a,b\n"x, ""y""\nz",2\n', [['x, "y"\nz', "2"]]),
        ('a,b\n"x\r\ny","\r"\n', [["x\r\ny", "\r"]]),
        ('a,b\n"x" y,the "end"\n', [['"x" y', 'the "end"']]),
        ('"a","b\nc"\n1,2\n', [["1", "2"]]),
        (",a,b\n0,x,y\n1,z,u\n", [["x", "y"], ["z", "u"]]),
        ("a\n" + "x" * 200_000 + "\n", [["x" * 200_000]]),
    ],
)
def test_what_is_written_the_usual_ways_is_read(tmp_path, text, rows):
    assert cells(table(tmp_path, text)) == rows


@pytest.mark.parametrize("swallowed", [1, 2, 7])
def test_a_stray_mark_in_a_tsv_swallows_no_row(tmp_path, swallowed):
    rows = ['"Great, said my aunt\tpos', *["dull\tneg"] * swallowed, 'the end"\tneg']
    text = "text\tlabel\n" + LABELLED.format(s="\t") + "\n".join(rows) + "\n" + 'dull "plot"\tneg\n'
    found = table(tmp_path, text, "a.tsv")
    assert len(found) == 12 + len(rows) + 1
    assert '"Great, said my aunt' in found.texts("text")
    assert set(found.names("label")) == {"pos", "neg"}


@pytest.mark.parametrize("first", ['"Great,pos', '"Great, said my aunt,pos'])
@pytest.mark.parametrize("swallowed", [0, 1, 7])
def test_a_stray_mark_in_a_csv_is_named(tmp_path, first, swallowed):
    rows = [first, *["dull,neg"] * swallowed, 'the end",neg']
    text = "text,label\n" + LABELLED.format(s=",") + "\n".join(rows) + "\n"
    with pytest.raises(DataError, match=rf"line 14: a quotation mark opens a cell that ends in line {15 + swallowed}"):
        table(tmp_path, text)


@pytest.mark.parametrize(
    "cell",
    [
        "Dear Sir,\nthank you",
        "one, two\nthree",
        "1\n2\n3",
        "a\n\nb, c\n",
        'he said "no,\nnever",\nand left',
        "x, pos\ny,,",
    ],
)
@pytest.mark.parametrize("behind", [True, False])
def test_a_cell_of_many_lines_is_one_cell(tmp_path, cell, behind):
    """Lines that hold as many commas as the header are no rows: their last word is no label."""
    quoted = '"' + cell.replace('"', '""') + '"'
    text = "text,label\n" + LABELLED.format(s=",") + (f"{quoted},pos\n" if behind else f"pos,{quoted}\n")
    assert cells(table(tmp_path, text))[-1] == ([cell, "pos"] if behind else ["pos", cell])


def test_an_open_mark_at_the_end_of_a_file_is_a_character(tmp_path):
    assert cells(table(tmp_path, 'a,b\n1,2\n"x,3\n')) == [["1", "2"], ['"x', "3"]]


def test_many_stray_marks_take_no_longer_than_as_many_lines(tmp_path):
    """Each is compared with the lines up to the next mark, not up to the end of the file."""
    text = "text\tlabel\n" + '"stray\tpos\n' * 50_000
    assert len(table(tmp_path, text, "a.tsv")) == 50_000


def test_decimal_commas_are_read_where_semicolons_part_the_fields(tmp_path):
    found = table(tmp_path, "date;a;b\n2015;1,5;1.5\n2016;-0,25;2\n")
    assert found.numbers(["a", "b"]).tolist() == [[1.5, 1.5], [-0.25, 2.0]]
    with pytest.raises(DataError, match=r"row 1, column 'a': expected a number, got '1.000,5': write a decimal point"):
        table(tmp_path, "a;b\n1.000,5;1\n").numbers(["a"])
    with pytest.raises(DataError, match="expected a number, got '1,5': write a decimal point"):
        table(tmp_path, 'a,b\n"1,5",1\n').numbers(["a"])


ODD_CELLS = [
    "\r",
    "one\rtwo",
    "a\nb",
    "\r\n",
    'x"y',
    '"',
    "a,b",
    "a\tb",
    " a",
    "",
    "é",
    "sep=;",
    "\u2028",
    "\x85",
    "\x1c",
]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet"])
def test_every_cell_that_is_written_reads_back(tmp_path, name):
    rows = {"source": ODD_CELLS, "target": ODD_CELLS[::-1]}
    with TableWriter(tmp_path / name) as writer:
        writer.write(rows)
    found = read_table(tmp_path / name)
    assert {column: found.frame[column].to_list() for column in found.columns} == rows


def test_what_could_not_be_read_back_is_not_written(tmp_path):
    for name, cell in (("a.tsv", "a\tb\nc"), ("a.csv", "a\0b"), ("a.csv", "\ud800")):
        with pytest.raises((InputError, DataError)), TableWriter(tmp_path / name) as writer:
            writer.write({"a": [cell], "b": ["x"]})
    assert list(tmp_path.iterdir()) == []
