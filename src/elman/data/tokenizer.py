"""Split texts into symbols and number them: the one place where any job says what a word, a character or a symbol is.

A `Splitter` cuts a text and joins the parts again; a `Tokenizer` is a splitter and the vocabulary of the training
part. Nothing is learned to split by words, characters or symbols, so that all of them are a `PlainSplitter`. A kind
that learns its parts from the training part, such as subword pieces, is another class with the members of `Splitter`;
`fit_splitter` makes it, and `splitter_from_state` reads it from a model file.

The generator of texts reads every character of one long text; its `Alphabet` (`data/vocabulary.py`) numbers them in
NumPy, and splits nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Sequences
from elman.data.vocabulary import FORM, Vocabulary
from elman.options import TokensName

Kind: TypeAlias = Literal["words", "characters", "symbols"]
"""Symbols are what is between white space, as it is."""
Use: TypeAlias = Literal["read", "write", "tag"]
"""What a model does with texts. It decides what a word is.

To read: words in lower case, and every punctuation mark. To write: the same parts, each as it is and with the space
before it, so that nothing is lost but the amount of white space. To tag: what is between white space, in lower case, so
that there are as many words as tags.
"""
END = "end of text"
"""The name of the symbol that ends what is written."""
UNKNOWN, END_NUMBER = 0, 1
"""The number of every symbol that was not learned, and that of the end."""
WORDS_OF_A_TEXT = 4
"""Texts to read whose median has as many words are read by words where nobody says how."""
FEW_SYMBOLS, OFTEN = 200, 10
"""Texts to write of at most so many different words, each used so often on average, are sequences of symbols."""
_READ = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_WRITTEN = re.compile(r" ?\w+(?:['’]\w+)*['’]?| ?[^\w\s]")
_WORDS: dict[Use, Callable[[str], list[str]]] = {
    "read": lambda text: _READ.findall(text.lower()),
    "write": lambda text: _WRITTEN.findall(" " + " ".join(text.split())),
    "tag": lambda text: [word.lower() for word in text.split()],
}


class Splitter(Protocol):
    """One way to split texts."""

    @property
    def kind(self) -> Kind:
        """The kind of parts, as the option `tokens` names it."""
        ...

    def split(self, text: str) -> list[str]:
        """Return the parts of a text, in order."""
        ...

    def join(self, parts: Iterable[str]) -> str:
        """Return the text that such parts were split from; for texts that are written."""
        ...

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it; `splitter_from_state` reads it."""
        ...


@dataclass(frozen=True)
class PlainSplitter:
    """A splitter that learns nothing.

    Attributes:
        kind: what the parts are.
        use: what the texts are for, which decides what a word is.
    """

    kind: Kind
    use: Use = "read"

    def split(self, text: str) -> list[str]:
        """Return the parts of a text, in order."""
        if self.kind == "words":
            return _WORDS[self.use](text)
        return list(text) if self.kind == "characters" else text.split()

    def join(self, parts: Iterable[str]) -> str:
        """Return the text that such parts were split from, up to white space, if they were split to be written."""
        return " ".join(parts) if self.kind == "symbols" else "".join(parts).strip()

    def content(self) -> dict[str, Any]:
        """Return the kind."""
        return {"tokens": self.kind}


def fit_splitter(texts: Sequence[Any], tokens: TokensName, use: Use) -> Splitter:
    """Return the splitter of a kind; "auto" looks at the training part.

    Args:
        texts: the training part: texts, or sequences that are split already, which are symbols.
        tokens: the kind.
        use: what the texts are for.
    """
    return PlainSplitter(_guessed(texts, use) if tokens == "auto" else tokens, use)


def splitter_from_state(content: dict[str, Any], use: Use) -> Splitter:
    """Return the splitter that `content` was made from."""
    return PlainSplitter(content["tokens"], use)


def _guessed(texts: Sequence[Any], use: Use) -> Kind:
    """Return a kind. To read, long texts are split by words, others by characters.

    To write, texts of which most are one word are split by characters, those of few words that are repeated again and
    again by symbols, and others by words.
    """
    if not isinstance(texts[0], str):
        return "symbols"
    counts = [len(text.split()) for text in texts]
    if use == "read":
        return "words" if np.median(counts) >= WORDS_OF_A_TEXT else "characters"
    if np.median(counts) < 2:
        return "characters"
    different = len({part for text in texts for part in text.split()})
    return "symbols" if different <= FEW_SYMBOLS and sum(counts) >= OFTEN * different else "words"


@dataclass(frozen=True)
class Tokenizer:
    """Encode texts as numbers, and decode numbers as texts.

    Attributes:
        splitter: splits a text, and joins its parts.
        vocabulary: the parts that have a number; number 0 is the unknown one. If the texts are to be written, number 1
            ends them.
    """

    splitter: Splitter
    vocabulary: Vocabulary

    @classmethod
    def fit(cls, texts: Sequence[Any], tokens: TokensName, min_count: int, use: Use = "write") -> Self:
        """Learn from the training part: texts, or sequences that are split already.

        Args:
            texts: at least one.
            tokens: the kind of parts; "auto" guesses.
            min_count: occurrences that a part needs to get a number.
            use: what the texts are for.
        """
        splitter = fit_splitter(texts, tokens, use)
        special = (END,) if use == "write" else ()
        return cls(splitter, Vocabulary.fit((_parts(splitter, text) for text in texts), min_count, special))

    @property
    def kind(self) -> Kind:
        """The kind of parts."""
        return self.splitter.kind

    def split(self, text: str) -> list[str]:
        """Return the parts of a text, in order."""
        return self.splitter.split(text)

    def join(self, parts: Iterable[str]) -> str:
        """Return the text that such parts were split from."""
        return self.splitter.join(parts)

    def encode(self, text: Any) -> npt.NDArray[np.int64]:
        """Return a number for each part of a text, or of a sequence that is split already, shape `(T,)`."""
        return self.vocabulary.encode(_parts(self.splitter, text))

    def read(self, texts: Iterable[str]) -> Sequences:
        """Return the parts of each text as numbers."""
        return Sequences.of(self.encode(text) for text in texts)

    def read_targets(self, texts: Iterable[str]) -> Sequences:
        """Return the same with the end after each text."""
        return Sequences.of(np.append(self.encode(text), END_NUMBER) for text in texts)

    def write(self, numbers: Iterable[int]) -> str:
        """Return the text that the numbers stand for."""
        return self.join(self.vocabulary.decode(numbers))

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return self.splitter.content() | {"form": FORM, "symbols": list(self.vocabulary.symbols)}

    @classmethod
    def from_state(cls, content: dict[str, Any], use: Use = "write") -> Self:
        """Return the tokenizer that `content` was made from."""
        special = END_NUMBER if use == "write" else 0
        return cls(splitter_from_state(content, use), Vocabulary(content["symbols"], special))


def _parts(splitter: Splitter, text: Any) -> list[str]:
    return splitter.split(text) if isinstance(text, str) else list(text)
