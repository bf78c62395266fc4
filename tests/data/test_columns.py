import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.columns import read_columns
from elman.errors import DataError, InputError


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "f.conll"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def pairs(path, **columns):
    return [(s.tokens, s.tags) for s in read_columns(path, **columns)]


def test_first_and_last_column_and_blank_lines(file):
    path = file("-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\n\n \nGerman JJ B-MISC")
    assert pairs(path) == [(["EU", "rejects"], ["B-ORG", "O"]), (["German"], ["B-MISC"])]
    assert pairs(path, tag=2) == [(["EU", "rejects"], ["NNP", "VBZ"]), (["German"], ["JJ"])]
    assert pairs(path, tag=None) == [(["EU", "rejects"], []), (["German"], [])]
    assert [s.line for s in read_columns(path)] == [3, 8]


def test_comments_and_ids_of_no_token_between_tabs(file):
    path = file("# text = du coup\n1-2\tdu\t_\n1\tde\tADP\n2\tle\tDET\n2.1\tx\t_\n3\t#\tSYM\n", "utf-8-sig")
    assert pairs(path, token=2) == [(["de", "le", "#"], ["ADP", "DET", "SYM"])]


def test_a_number_sign_is_a_token_where_blanks_part_the_columns(file):
    assert pairs(file("# X\na SYM\n\n# SYM\n1-2 NUM\n")) == [(["#", "a"], ["X", "SYM"]), (["#", "1-2"], ["SYM", "NUM"])]


def test_a_token_between_tabs_may_hold_blanks(file):
    assert pairs(file("New York\tB\r\n\t\t\r\nis\tO\r\n")) == [(["New York"], ["B"]), (["is"], ["O"])]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("", {}, "holds no token"),
        ("\n-DOCSTART- X\n\n", {}, "f.conll: holds no token"),
        ("a X\nb\n", {}, "f.conll: line 2: got 1 columns, but the lines before have 2"),
        ("a X\n\nb Y Z\n", {}, "f.conll: line 3: got 3 columns"),
        ("a X\n", {"tag": 3}, "f.conll: line 1: expected a column 3, got 2 in all"),
        ("a X\n", {"token": -3}, "expected a column -3"),
        ("a\nb\n", {}, "tokens and tags are both read from column 1"),
        ("a X\n", {"tag": 1}, "tokens and tags are both read from column 1"),
    ],
)
def test_what_cannot_be_read_is_named(file, text, columns, message):
    with pytest.raises(DataError, match=message):
        list(read_columns(file(text), **columns))


def test_a_file_that_cannot_be_read(tmp_path, file):
    with pytest.raises(DataError, match="no such file"):
        list(read_columns(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="cannot be read"):
        list(read_columns(tmp_path))
    with pytest.raises(DataError, match="not UTF-8"):
        list(read_columns(file("é X\n", "latin-1")))
    with pytest.raises(InputError, match="got 0"):
        list(read_columns(file("a X\n"), token=0))


words = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="#-"), min_size=1, max_size=5)


@given(st.lists(st.lists(st.tuples(words, words), min_size=1, max_size=4), min_size=1, max_size=4), st.booleans())
def test_what_was_written_is_read(tmp_path_factory, sequences, tabs):
    path = tmp_path_factory.mktemp("columns") / "f"
    between = "\t" if tabs else "  "
    path.write_text("\n\n".join("\n".join(f"{t}{between}{g}" for t, g in s) for s in sequences), encoding="utf-8")
    assert pairs(path) == [([t for t, _ in s], [g for _, g in s]) for s in sequences]
