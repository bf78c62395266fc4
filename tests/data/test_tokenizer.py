"""Texts are split for each use as it needs, and those that are written can be put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.tokenizer import END, UNKNOWN, PlainSplitter, Tokenizer, fit_splitter, splitter_from_state

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
        (["Open the file", "Close all other files"], "write", "words"),
        (["Open the file", "Close it"], "read", "characters"),
        (["Open the large file", "Close all other files"], "read", "words"),
        ([["a", "b"]], "read", "symbols"),
    ],
)
def test_how_texts_are_split_is_guessed(texts, use, kind):
    assert fit_splitter(texts, "auto", use) == PlainSplitter(kind, use)
    assert fit_splitter(texts, "words", use) == PlainSplitter("words", use)


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
