import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.conll import read_columns
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


def conllu(*rows):
    """Lines of ten columns: the id, the form, and the tag in the fourth."""
    return "".join(f"{number}\t{form}\t_\t{tag}" + "\t_" * 6 + "\n" for number, form, tag in rows)


DU_COUP = conllu(("1-2", "du", "_"), ("1", "de", "ADP"), ("2", "le", "DET"), ("2.1", "x", "_"), ("3", "#", "SYM"))


def test_comments_and_ids_of_no_word_are_conllu(file):
    path = file(f"# text = du\tcoup\n#sent\n{DU_COUP}\n{conllu(('0.1', 'y', '_'), ('1', 'a', 'DET'))}", "utf-8-sig")
    want = [(["de", "le", "#"], ["ADP", "DET", "SYM"]), (["a"], ["DET"])]
    assert pairs(path, token=2, tag=4) == pairs(path, token=-9, tag=-7) == want


@pytest.mark.parametrize("ids", ["2", "1 3", "1 1", "1-1 1", "2-3 1 2", "1-3 1 2", "1 2.1", "1 x", "1.1 1", "1-2"])
def test_ids_of_conllu_out_of_order_are_named(file, ids):
    path = file(f"{DU_COUP}\n{conllu(*((number, 'a', 'X') for number in ids.split()))}")
    with pytest.raises(
        DataError, match=r"line \d+: expected the ids of CoNLL-U in order .*, got '[^']+': mend the ids"
    ):
        list(read_columns(path, 2, 4))


def test_the_ids_of_conllu_are_not_taken_for_tokens(file):
    with pytest.raises(DataError, match="first column has the ids of CoNLL-U: name the others, as --token 2 --tag 4"):
        list(read_columns(file(DU_COUP)))


def test_nothing_else_is_read_as_conllu(file):
    """Two to nine columns, or ten of which the first is no number of a word: every line is a token."""
    rows = [["3-2", "A"], ["2.5", "B"], ["1808-1895", "C"], ["#tag", "D"], ["#", "E"], ["-DOCSTART-", "F"]]
    for width in range(2, 11):
        lines = ["\t".join([token, *["_"] * (width - 2), tag]) for token, tag in rows]
        assert pairs(file("\n".join(lines))) == [([token for token, _ in rows], list("ABCDEF"))]


def test_comments_between_tabs_have_no_tab(file):
    assert pairs(file("# a comment\n-DOCSTART-\tX\n#\nit\tX\n\n# another\n\n")) == [(["-DOCSTART-", "it"], ["X", "X"])]
    with pytest.raises(DataError, match="line 2: got 1 columns"):
        pairs(file("it\tX\n#tag\n"))


def test_columns_are_named_by_a_header(file):
    text = "pos\tword\tner\nNN\t2.5\tO\n\nVB\tgo\tB\n"
    assert pairs(file(text), token="word", tag="pos") == [(["2.5"], ["NN"]), (["go"], ["VB"])]
    assert pairs(file(text), token=2, tag="ner") == [(["2.5"], ["O"]), (["go"], ["B"])]
    assert pairs(file(text), token="word", tag=None) == [(["2.5"], []), (["go"], [])]
    assert pairs(file("-DOCSTART-\n\nword pos\n\na X"), token="word", tag="pos") == [(["a"], ["X"])]
    with pytest.raises(DataError, match="no column 'tag': the header has pos, word, ner: name one of these"):
        pairs(file(text), token="word", tag="tag")
    with pytest.raises(DataError, match="holds no token"):
        pairs(file("word\tpos\n"), token="word", tag="pos")


@pytest.mark.parametrize(
    ("text", "columns", "want"),
    [
        ("a X\nb Y\n", {"tag": 2}, "a 1\nb 2\n"),
        ("a X\nb Y\n", {"tag": -1}, "a X 1\nb Y 2\n"),
        ("a\nb\n", {"tag": -1}, "a 1\nb 2\n"),
        ("a\nb\n", {"tag": 4}, "a _ _ 1\nb _ _ 2\n"),
        ("# c\na\tX\nb c\tY\n", {"tag": 2}, "# c\na\t1\nb c\t2\n"),
        ("-DOCSTART- O\n\nX a\nY b\n", {"token": -1, "tag": 1}, "-DOCSTART- O\n\n1 a\n2 b\n"),
        ("w\tp\na\tX\nb\tY\n", {"token": "w", "tag": "p"}, "w\tp\na\t1\nb\t2\n"),
        ("w\tp\na\tX\nb\tY\n", {"token": "w", "tag": "q"}, "w\tp\tq\na\tX\t1\nb\tY\t2\n"),
        ("w p\na X\nb Y\n", {"token": "w", "tag": -1}, "w p -1\na X 1\nb Y 2\n"),
    ],
)
def test_tags_are_written_to_their_column(file, text, columns, want):
    (found,) = read_columns(file(text), columns.get("token", 1), None, header=isinstance(columns["tag"], str))
    assert [*found.header(columns["tag"]), *found.with_tags([1, 2], columns["tag"])] == want.splitlines()


def test_conllu_is_written_as_it_is_read(file):
    (found,) = read_columns(file(f"# du coup\n{DU_COUP}"), 2, None)
    for column in (4, -7):
        wanted = f"# du coup\n{DU_COUP.replace('ADP', 'A').replace('DET', 'B').replace('SYM', 'C')}"
        assert found.with_tags("ABC", column) == wanted.splitlines()
    for column in (11, -11, "upos"):
        with pytest.raises(DataError, match="expected one of the 10 columns of CoNLL-U"):
            found.with_tags("ABC", column)


@pytest.mark.parametrize(("text", "tag"), [("a X", "b c"), ("a X", ""), ("a\tX", "b\tc"), ("a\tX", "b\nc")])
def test_a_tag_that_no_column_can_hold_is_refused(file, text, tag):
    (found,) = read_columns(file(text), 1, None)
    with pytest.raises(DataError, match="tag: expected one that a column can hold, got "):
        found.with_tags([tag], -1)


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


numbers = st.text("0123456789.-", min_size=1, max_size=9)


@given(st.lists(st.lists(numbers, min_size=1, max_size=5), min_size=1, max_size=4), st.integers(2, 9), st.booleans())
def test_no_token_of_digits_dots_and_hyphens_is_dropped(tmp_path_factory, sequences, width, tabs):
    """Read, tagged and written again, every line has its token and its tag."""
    path, between = tmp_path_factory.mktemp("columns") / "f.tsv", "\t" if tabs else " "
    lines = [[between.join([token, *"_" * (width - 2), "X"]) for token in row] for row in sequences]
    path.write_text("\n\n".join("\n".join(each) for each in lines))
    found = list(read_columns(path))
    assert [each.tokens for each in found] == sequences
    for each, row, before in zip(found, sequences, lines, strict=True):
        tags = [f"T{at}" for at in range(len(row))]
        want = [line[:-1] + tag for line, tag in zip(before, tags, strict=True)]
        assert each.with_tags(tags, width) == want


@given(st.lists(numbers, min_size=1, max_size=5))
def test_ten_columns_drop_no_token_in_silence(tmp_path_factory, tokens):
    """In ten columns ids may be CoNLL-U's; then the first column is refused as tokens."""
    path = tmp_path_factory.mktemp("columns") / "f.tsv"
    path.write_text("".join("\t".join([token, *"abcdefghX"]) + "\n" for token in tokens))
    try:
        assert pairs(path) == [(tokens, ["X"] * len(tokens))]
    except DataError as error:
        assert "ids of CoNLL-U" in str(error)  # noqa: PT017 -- either may be right


words = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="#-"), min_size=1, max_size=5)


@given(st.lists(st.lists(st.tuples(words, words), min_size=1, max_size=4), min_size=1, max_size=4), st.booleans())
def test_what_was_written_is_read(tmp_path_factory, sequences, tabs):
    path = tmp_path_factory.mktemp("columns") / "f"
    between = "\t" if tabs else "  "
    path.write_text("\n\n".join("\n".join(f"{t}{between}{g}" for t, g in s) for s in sequences), encoding="utf-8")
    assert pairs(path) == [([t for t, _ in s], [g for _, g in s]) for s in sequences]
