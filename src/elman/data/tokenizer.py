"""Cut texts into symbols that can be joined again, for models that read and write texts.

Unlike `tokenize`, which is for reading only, nothing is lost: `join(cut(text))` is the text, up to the amount of white
space between words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from elman.data.sequences import Sequences
from elman.data.tables import as_frame
from elman.data.vocabulary import FORM, Tokens, Vocabulary, composed
from elman.errors import DataError
from elman.options import TokensName
from elman.quoting import quote

END = "end of text"
"""The name of the symbol that ends what is written."""
UNKNOWN, END_NUMBER = 0, 1
"""The number of every symbol that was not learned, and that of the end."""
FEW_SYMBOLS, OFTEN = 200, 10
"""Texts of at most so many different words, each used so often on average, are sequences of symbols such as phones."""
_WORD = re.compile(r" ?\w+(?:['’]\w+)*['’]?| ?[^\w\s]")


def cut(text: str, tokens: Tokens) -> list[str]:
    """Cut a text.

    Args:
        text: what to cut.
        tokens: "words" gives words and punctuation marks, each with the space before it, "characters" every character,
            "symbols" the parts between spaces.
    """
    if tokens == "words":
        return _WORD.findall(" " + " ".join(text.split()))
    return list(text) if tokens == "characters" else text.split()


def join(symbols: Iterable[str], tokens: Tokens) -> str:
    """Return the text that such symbols were cut from."""
    return " ".join(symbols) if tokens == "symbols" else "".join(symbols).strip()


def guess_tokens(texts: Sequence[str]) -> Tokens:
    """Return how texts are cut where nobody says: by symbols where few come again and again, else by words.

    Where most texts are one word that word is cut in its characters.
    """
    counts = [len(text.split()) for text in texts]
    if np.median(counts) < 2:
        return "characters"
    different = len({piece for text in texts for piece in text.split()})
    return "symbols" if different <= FEW_SYMBOLS and sum(counts) >= OFTEN * different else "words"


@dataclass(frozen=True)
class Tokenizer:
    """Encode texts as numbers, and decode numbers as texts.

    Attributes:
        tokens: how a text is cut.
        vocabulary: the symbols; number 0 is the unknown one, and number 1 ends what is written.
    """

    tokens: Tokens
    vocabulary: Vocabulary

    @classmethod
    def fit(cls, texts: Sequence[str], tokens: TokensName, min_count: int) -> Self:
        """Learn the symbols of the training part."""
        chosen = guess_tokens(texts) if tokens == "auto" else tokens
        return cls(chosen, Vocabulary.fit((cut(text, chosen) for text in texts), min_count, (END,)))

    def read(self, texts: Iterable[str]) -> Sequences:
        """Return the symbols of each text as numbers."""
        return Sequences.of(self.vocabulary.encode(cut(text, self.tokens)) for text in texts)

    def read_targets(self, texts: Iterable[str]) -> Sequences:
        """Return the same with the end after each text."""
        encode = self.vocabulary.encode
        return Sequences.of(np.append(encode(cut(text, self.tokens)), END_NUMBER) for text in texts)

    def write(self, numbers: Iterable[int]) -> str:
        """Return the text that the numbers stand for."""
        return join(self.vocabulary.decode(numbers), self.tokens)

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"tokens": self.tokens, "form": FORM, "symbols": list(self.vocabulary.symbols)}

    @classmethod
    def from_state(cls, content: dict[str, Any]) -> Self:
        """Return the tokenizer that `content` was made from."""
        return cls(content["tokens"], Vocabulary(content["symbols"], END_NUMBER))


def as_texts(texts: Any, what: str, first: int = 1) -> list[str]:
    """Return texts as a list, letters composed and without white space around them.

    Args:
        texts: a list, array or column of texts.
        what: what to call it in messages.
        first: the number of the first one, for messages.

    Raises:
        DataError: it is no list of texts, or empty, or one of them holds nothing but white space.
    """
    if isinstance(texts, str | bytes):
        raise DataError(f"{what}: expected a list of texts, got one text: put it in a list")
    if isinstance(texts, dict | set | frozenset):
        raise DataError(
            f"{what}: expected a list of texts, got a {type(texts).__name__}, which has no order: give a list"
        )
    frame = as_frame(texts)
    if frame is not None:
        if len(frame.columns) != 1:
            raise DataError(f"{what}: expected one column of texts, got {len(frame.columns)}: name one of the frame's")
        texts = frame[frame.columns[0]]
    try:
        found = list(texts)
    except TypeError:
        raise DataError(f"{what}: expected a list of texts, got {type(texts).__name__}") from None
    for row, text in enumerate(found, first):
        if not isinstance(text, str):
            raise DataError(f"{what}: row {row:,}: expected a text, got {quote(text)}: fill it in, or leave it out")
        if not text.strip():
            raise DataError(f"{what}: row {row:,} is empty: fill it in, or leave it out")
    if not found:
        raise DataError(f"{what}: expected at least one text, got none: give some data")
    return [composed(str(text).strip()) for text in found]
