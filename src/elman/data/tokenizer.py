"""Split texts into symbols and number them: the one place where any job says what a word, a character or a symbol is.

A `Splitter` cuts a text and joins the parts again; a `Tokenizer` is a splitter and the vocabulary of the training
part. Nothing is learned to split by words, characters or symbols, so that all of them are a `PlainSplitter`. Pieces of
words are learned from the training part (byte-pair encoding; Sennrich, Haddow and Birch 2016, "Neural machine
translation of rare words with subword units"): a `PieceSplitter`. `fit_splitter` makes a splitter, and
`splitter_from_state` reads it from a model file.

The generator of texts reads every character of one long text; its `Alphabet` (`data/vocabulary.py`) numbers them in
NumPy, and splits nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Literal, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Sequences
from elman.data.vocabulary import FORM, Vocabulary
from elman.errors import InputError
from elman.extras import required_by
from elman.options import TokensName

Kind: TypeAlias = Literal["words", "characters", "symbols", "pieces"]
"""Symbols are what is between white space, as it is."""
Use: TypeAlias = Literal["read", "write", "tag"]
"""The use that a model makes of texts, which decides what a word is.

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
FEW_SYMBOLS = 200
"""Texts to write of at most so many different words are sequences of symbols, if each is used often."""
OFTEN, RARELY = 10, 0.02
"""Parts are used often if those used fewer times than the first are at most the second, as a share of all."""
SHORT = 60
"""Texts to write of so many characters on average, or fewer, are split by characters if their words are used rarely."""
PIECES = (500, 8000)
"""Bounds of the number of pieces that are learned: one for every `USES` words of the training part."""
USES = 20
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


Merge: TypeAlias = tuple[str, str]
"""Two pieces that become one."""


@dataclass(frozen=True)
class PieceSplitter:
    """A splitter by pieces of words, which begins with characters and joins neighbours that are frequent.

    Attributes:
        use: what the texts are for, which decides what a word is.
        merges: the pairs of pieces that are joined, the most frequent first.
    """

    use: Use
    merges: tuple[Merge, ...]
    kind: Kind = "pieces"

    @classmethod
    def fit(cls, texts: Sequence[str], use: Use) -> Self:
        """Learn the merges of words that occur twice or more often.

        Raises:
            MissingLibraryError: the library that learns them is not installed; it is not needed to split.
        """
        with required_by('tokens="pieces"'):
            from tokenizers import Tokenizer as Library
            from tokenizers.models import BPE
            from tokenizers.trainers import BpeTrainer

        words = [word for text in texts for word in _WORDS[use](text)]
        size = min(max(len(words) // USES, PIECES[0]), PIECES[1])
        library = Library(BPE())
        library.train_from_iterator(words, BpeTrainer(vocab_size=size, min_frequency=2, show_progress=False))
        return cls(use, tuple((first, second) for first, second in json.loads(library.to_str())["model"]["merges"]))

    def split(self, text: str) -> list[str]:
        """Return the parts of a text, in order."""
        return [piece for word in _WORDS[self.use](text) for piece in self._pieces(word)]

    def join(self, parts: Iterable[str]) -> str:
        """Return the text that such parts were split from, up to white space, if they were split to be written."""
        return "".join(parts).strip()

    def content(self) -> dict[str, Any]:
        """Return the kind and the merges."""
        return {"tokens": self.kind, "merges": [list(merge) for merge in self.merges]}

    @cached_property
    def _ranks(self) -> dict[Merge, int]:
        return {merge: rank for rank, merge in enumerate(self.merges)}

    def _pieces(self, word: str) -> list[str]:
        """Return the pieces of a word: of all pairs that can be joined, the one that was learned first is joined."""
        pieces, ranks, none = list(word), self._ranks, len(self.merges)
        while len(pieces) > 1:
            found = [ranks.get(pair, none) for pair in pairwise(pieces)]
            best = min(found)
            if best == none:
                break
            at = found.index(best)
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        return pieces


def fit_splitter(texts: Sequence[Any], tokens: TokensName, use: Use) -> Splitter:
    """Return the splitter of a kind; "auto" looks at the training part.

    Args:
        texts: the training part: texts, or sequences that are split already, which are symbols.
        tokens: the kind.
        use: what the texts are for.

    Raises:
        InputError: pieces of words are asked for to tag, which would be more than there are tags.
        MissingLibraryError: pieces are asked for, and the library that learns them is not installed.
    """
    if tokens == "pieces" and use == "tag":
        raise InputError("tokens: tags are those of words, characters or symbols, not of pieces: choose one of these")
    kind = _guessed(texts, use) if tokens == "auto" else tokens
    return PieceSplitter.fit(texts, use) if kind == "pieces" else PlainSplitter(kind, use)


def splitter_from_state(content: dict[str, Any], use: Use) -> Splitter:
    """Return the splitter that `content` was made from."""
    if content["tokens"] == "pieces":
        return PieceSplitter(use, tuple((first, second) for first, second in content["merges"]))
    return PlainSplitter(content["tokens"], use)


def _guessed(texts: Sequence[Any], use: Use) -> Kind:
    """Return a kind. To read, long texts are split by words, others by characters.

    To write, texts of several words are split by symbols or by words where nearly all of those are used again and
    again; other texts by characters, or, where they are long, by pieces, by words where no library learns pieces.
    """
    if not isinstance(texts[0], str):
        return "symbols"
    counts = [len(text.split()) for text in texts]
    if use == "read":
        return "words" if np.median(counts) >= WORDS_OF_A_TEXT else "characters"
    if np.median(counts) >= 2:
        symbols = Counter(part for text in texts for part in text.split())
        if len(symbols) <= FEW_SYMBOLS and _often(symbols):
            return "symbols"
        if _often(Counter(part for text in texts for part in _WORDS[use](text))):
            return "words"
    if np.mean([len(text) for text in texts]) <= SHORT:
        return "characters"
    return "pieces" if find_spec("tokenizers") else "words"


def _often(counts: Counter[str]) -> bool:
    return sum(count for count in counts.values() if count < OFTEN) <= RARELY * counts.total()


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
