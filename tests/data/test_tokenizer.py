"""Texts are split for each use as it needs, and those that are written can be put together again."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.tokenizer import (
    END,
    UNKNOWN,
    PieceSplitter,
    PlainSplitter,
    Tokenizer,
    fit_splitter,
    splitter_from_state,
)
from elman.errors import InputError, MissingLibraryError

KINDS = ["words", "characters", "symbols"]
USES = ["read", "write", "tag"]


@given(st.text())
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_loses_nothing_but_white_space(kind, text):
    splitter = PlainSplitter(kind, "write")
    assert splitter.join(splitter.split(text)) == (text.strip() if kind == "characters" else " ".join(text.split()))


@given(st.text())
def test_there_are_as_many_words_to_tag_as_between_spaces(text):
    assert PlainSplitter("words", "tag").split(text) == [word.lower() for word in text.split()]
    assert PlainSplitter("symbols", "tag").split(text) == text.split()


@pytest.mark.parametrize(
    ("text", "use", "want"),
    [
        ("It's GOOD, isn’t it?", "read", ["it's", "good", ",", "isn’t", "it", "?"]),
        ("naïve café 3.5", "read", ["naïve", "café", "3", ".", "5"]),
        ("", "read", []),
        ("L’outil (d'aide), 2 fois", "write", [" L’outil", " (", "d'aide", ")", ",", " 2", " fois"]),
        ("It's GOOD, isn’t it?", "tag", ["it's", "good,", "isn’t", "it?"]),
    ],
)
def test_words_are_what_the_use_needs(text, use, want):
    assert PlainSplitter("words", use).split(text) == want


@pytest.mark.parametrize("use", USES)
def test_characters_and_symbols_are_the_same_for_every_use(use):
    assert PlainSplitter("characters", use).split("Añ b") == ["A", "ñ", " ", "b"]
    assert PlainSplitter("symbols", use).split(" AH0  K\tT") == ["AH0", "K", "T"]


@pytest.mark.parametrize(
    ("texts", "use", "kind"),
    [
        (["sepp", "tager", "new york"], "write", "characters"),
        (["S EH P", "T EY G ER"] * 20, "write", "symbols"),
        (["Open the file", "Close all other files"], "write", "characters"),
        (["Open it, please", "Close it, please"] * 20, "write", "symbols"),
        ([f"{row % 300} times, {row % 300 + 1} times" for row in range(6000)], "write", "words"),
        (["13/04/1999 and 14/04/1999", "1 May 2001", "2 May 2001"] * 5, "write", "characters"),
        (["Open the file", "Close it"], "read", "characters"),
        (["Open the large file", "Close all other files"], "read", "words"),
        ([["a", "b"]], "read", "symbols"),
    ],
)
def test_how_texts_are_split_is_guessed(texts, use, kind):
    assert fit_splitter(texts, "auto", use) == PlainSplitter(kind, use)
    assert fit_splitter(texts, "words", use) == PlainSplitter("words", use)


LONG = [
    f"the number {n} is {'even' if n % 2 == 0 else 'odd'} and so is the number {n + 2}, but not the number {n}x, at all"
    for n in range(60)
]


@pytest.mark.parametrize("there", [True, False])
def test_long_texts_are_split_by_pieces_where_a_library_learns_them(there, monkeypatch):
    monkeypatch.setattr("elman.data.tokenizer.find_spec", lambda name: name if there else None)
    assert fit_splitter(LONG, "auto", "write").kind == ("pieces" if there else "words")


def test_pieces_are_those_of_the_library_that_learned_them():
    library = pytest.importorskip("tokenizers")
    splitter = fit_splitter(LONG, "pieces", "write")
    pieces = {symbol for text in LONG for symbol in splitter.split(text)}
    numbers = {
        piece: number
        for number, piece in enumerate(sorted({*"".join(pieces), *pieces} | {a + b for a, b in splitter.merges}))
    }
    same = library.Tokenizer(library.models.BPE(numbers, list(splitter.merges)))
    words = PlainSplitter("words", "write").split(" ".join(LONG[:9]))
    assert [piece for word in words for piece in same.encode(word).tokens] == splitter.split(" ".join(LONG[:9]))
    assert splitter.split("the number")[0] == " the"
    assert splitter_from_state(splitter.content(), "write") == splitter


@given(st.text())
def test_pieces_lose_nothing_but_white_space(text):
    splitter = PieceSplitter("write", ((" ", "a"), ("a", "b"), (" a", "b")))
    assert splitter.join(splitter.split(text)) == " ".join(text.split())


def test_pieces_need_a_library_to_learn_them_and_cannot_be_tagged(monkeypatch):
    with pytest.raises(InputError, match="not of pieces"):
        fit_splitter(LONG, "pieces", "tag")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingLibraryError, match=r"needs tokenizers: pip install 'elman\[pieces\]'"):
        fit_splitter(LONG, "pieces", "write")


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_splitter_is_read_from_its_content(kind, use):
    splitter = PlainSplitter(kind, use)
    assert splitter.content() == {"tokens": kind}
    assert splitter_from_state(splitter.content(), use) == splitter


def test_numbers_and_back():
    tokenizer = Tokenizer.fit(["b a", "a c"], "symbols", 1)
    assert tokenizer.read(["a x"])[0].tolist() == [tokenizer.vocabulary.number("a"), UNKNOWN]
    assert tokenizer.read_targets(["a"])[0].tolist() == [tokenizer.vocabulary.number("a"), 1]
    assert tokenizer.vocabulary.symbols[1] == END
    assert tokenizer.write(tokenizer.read(["c b a"])[0]) == "c b a"
    again = Tokenizer.from_state(tokenizer.content())
    assert (again.splitter, again.vocabulary.symbols) == (tokenizer.splitter, tokenizer.vocabulary.symbols)


def test_a_text_that_is_only_read_has_no_end():
    tokenizer = Tokenizer.fit(["B a", "a c", ["B", END]], "words", 1, "read")
    assert tokenizer.vocabulary.symbols == ("<unknown>", "a", "B", "b", "c", END)
    assert Tokenizer.from_state(tokenizer.content(), "read").encode("a " + END).tolist() == [1, 0, 0, 0]
    assert Tokenizer.from_state(tokenizer.content(), "read").encode(["a", END]).tolist() == [1, 5]
