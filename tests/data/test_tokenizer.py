"""Texts that are cut can be put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.tokenizer import END, UNKNOWN, Tokenizer, cut, guess_tokens, join


@given(st.text())
@pytest.mark.parametrize("tokens", ["words", "symbols"])
def test_words_and_symbols_lose_nothing_but_white_space(tokens, text):
    assert join(cut(text, tokens), tokens) == " ".join(text.split())


def test_how_texts_are_cut():
    assert cut("L’outil (d'aide), 2 fois", "words") == [" L’outil", " (", "d'aide", ")", ",", " 2", " fois"]
    assert cut("ab c", "characters") == ["a", "b", " ", "c"]
    assert cut(" S EH  P", "symbols") == ["S", "EH", "P"]
    assert join(["a", " ", "b"], "characters") == "a b"


def test_how_texts_are_cut_is_guessed():
    assert guess_tokens(["sepp", "tager", "new york"]) == "characters"
    assert guess_tokens(["S EH P", "T EY G ER"] * 20) == "symbols"
    assert guess_tokens(["Open the file", "Close all other files"]) == "words"


def test_numbers_and_back():
    tokenizer = Tokenizer.fit(["b a", "a c"], "symbols", 1)
    assert tokenizer.read(["a x"])[0].tolist() == [tokenizer.vocabulary.number("a"), UNKNOWN]
    assert tokenizer.read_targets(["a"])[0].tolist() == [tokenizer.vocabulary.number("a"), 1]
    assert tokenizer.vocabulary.symbols[1] == END
    assert tokenizer.write(tokenizer.read(["c b a"])[0]) == "c b a"
    assert Tokenizer.from_state(tokenizer.content()).vocabulary.symbols == tokenizer.vocabulary.symbols
