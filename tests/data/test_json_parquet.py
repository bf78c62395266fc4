"""JSON lines and Parquet: what a cell may be, columns that change, and files that other libraries wrote."""

import datetime
import json
from decimal import Decimal

import pandas as pd
import pytest

import elman
from elman.data.tables import read_table, stream_table
from elman.errors import DataError
from elman.models.scoring.labels import as_labels

BROKEN = {
    '{"a": 1': "line 2 is not JSON",
    "[1]": "line 2: expected an object",
    '"a"': "line 2: expected an object",
    '{"a": 1, "a": 2}': "line 2: the key 'a' is there twice",
    '{"a": {"b": 1, "b": 2}}': "line 2: the key 'b' is there twice",
    '{"a": "\\ud83d"}': "line 2: a text has half of a character",
    '{"\\udc00": 1}': "line 2: a text has half of a character",
    '{"a": ["\\ud83d"]}': "line 2: a text has half of a character",
    "[" * 100_000: "line 2: it is nested too deep",
    '{"a": ' * 100_000: "line 2: it is nested too deep",
    '{"a": ' + "9" * 5000 + "}": "line 2 is not JSON that can be read",
    '{"a": "\0"}': "line 2: expected text, got a NUL",
}


def jsonl(folder, *texts):
    path = folder / "a.jsonl"
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


@pytest.mark.parametrize("text", BROKEN)
def test_a_line_that_is_no_object_is_named(tmp_path, text):
    with pytest.raises(DataError, match=BROKEN[text]) as caught:
        read_table(jsonl(tmp_path, '{"a": 1}', text, '{"a": 1}'))
    assert len(str(caught.value)) < 300


def test_a_pair_of_surrogates_is_a_character(tmp_path):
    assert read_table(jsonl(tmp_path, '{"a": "\\ud83d\\ude00"}')).texts("a") == ["😀"]


def test_a_key_may_come_late_or_go(tmp_path):
    lines = [json.dumps({"a": "x", "b": k} if k < 5 else {"a": "y", "c": k}) for k in range(9)]
    path = jsonl(tmp_path, *lines)
    for rows in (2, 4, 50):
        assert sum(map(len, stream_table(path, rows))) == 9
    found = read_table(path)
    assert found.columns == ["a", "b", "c"]
    assert found.missing("c").tolist() == [True] * 5 + [False] * 4
    with pytest.raises(DataError, match="row 6, column 'b' is missing"):
        [table.numbers(["b"]) for table in stream_table(path, 2)]


def test_keys_that_never_come_again_do_not_fill_the_memory(tmp_path):
    """Each new key is a column of every row: a few hundred kilobytes ask for a hundred million cells."""
    path = jsonl(tmp_path, *(f'{{"k{n}": 1}}' for n in range(20_000)))
    with pytest.raises(DataError, match="got 1,011 different keys in objects of at most 1:"):
        read_table(path)


@pytest.mark.parametrize(
    "cell", [{"a": 1}, 1.5, 2**63, 10**400, None, [{"a": 1}], [[1]], float("nan"), float("inf"), "x" * 2000]
)
def test_a_label_is_a_text_a_whole_number_or_a_boolean(tmp_path, cell):
    path = jsonl(
        tmp_path,
        *(
            json.dumps({"text": "a b", "label": each})
            for each in ([cell] * 20 if isinstance(cell, list) else ["a"] * 19 + [cell])
        ),
    )
    with pytest.raises(DataError):
        elman.SequenceClassifier(epochs=1, hidden_size=2).fit(str(path))


def test_lists_of_labels_and_whole_numbers_are_labels():
    assert as_labels([["a", "b"], []], 2) == [["a", "b"], []]
    assert as_labels([1, 2**62, True], 3) == [1, 2**62, True]


parquet = pytest.importorskip("pyarrow.parquet")
pyarrow = pytest.importorskip("pyarrow")


def written(folder, table):
    parquet.write_table(table, folder / "a.parquet")
    return folder / "a.parquet"


def test_types_of_parquet(tmp_path):
    columns = {
        "text": ["a", "é", None],
        "small": pyarrow.array([1, 2, None], pyarrow.int8()),
        "category": pyarrow.array(["x", "y", "x"]).dictionary_encode(),
        "decimal": pyarrow.array([Decimal("1.5"), Decimal("-2"), None]),
        "date": [datetime.date(2015, 1, day) for day in (1, 2, 3)],
        "bytes": [b"a", b"b", b"c"],
        "struct": [{"a": 1}, {"a": 2}, None],
        "list": [["a"], ["b", "c"], []],
        "nothing": pyarrow.nulls(3),
    }
    found = read_table(written(tmp_path, pyarrow.table(columns)))
    assert found.columns == list(columns)
    assert found.names("category") == ["x", "y", "x"]
    assert found.numbers(["decimal", "small"], gaps=True)[:2].tolist() == [[1.5, 1], [-2, 2]]
    assert found.values("date")[0] == datetime.date(2015, 1, 1)
    for column in ("bytes", "struct", "list", "date", "decimal"):
        with pytest.raises(DataError, match=f"column '{column}'"):
            found.texts(column)
    with pytest.raises(DataError, match="expected a text, a whole number"):
        as_labels(found.values("bytes"), 3)
    with pytest.raises(DataError, match="is missing"):
        found.values("nothing")


def test_two_columns_of_one_name_are_refused(tmp_path):
    table = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["y", "y"])
    with pytest.raises(DataError, match="2 columns have the name 'y'"):
        read_table(written(tmp_path, table))


def test_an_index_with_a_name_is_a_column_and_one_without_is_none(tmp_path):
    for name, columns in (("ds", ["y", "ds"]), (None, ["y"])):
        frame = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.Index(["a", "b"], name=name))
        frame.to_parquet(tmp_path / "a.parquet")
        assert sorted(read_table(tmp_path / "a.parquet").columns) == sorted(columns)


def test_what_another_library_wrote_beside_the_columns_is_not_read(tmp_path):
    table = pyarrow.table({"y": [1.0, 2.0]})
    for metadata in (b"{", b"{}", b'{"index_columns": ["z"], "columns": []}', b"\xff"):
        found = read_table(written(tmp_path, table.replace_schema_metadata({b"pandas": metadata})))
        assert found.columns == ["y"]


def test_a_table_without_columns_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected a name for each column, got none"):
        read_table(written(tmp_path, pyarrow.table({})))


def test_a_truncated_file_is_refused(tmp_path):
    path = written(tmp_path, pyarrow.table({"y": list(range(1000))}))
    data = path.read_bytes()
    for size in (0, 4, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(DataError, match="not a Parquet file that can be read"):
            read_table(path)
