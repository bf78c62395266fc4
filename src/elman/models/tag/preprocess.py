"""Fit everything that a tagger learns apart from its network: vocabulary or scale, and the tags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from elman.data.aligned import align_tags, guess_kind, tag_rows, tokens_of
from elman.data.inputs import TokenInput, fit_input, input_from_state
from elman.data.items import as_items
from elman.data.sequences import Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tokenizer import Kind
from elman.data.vocabulary import Alphabet, read_vectors
from elman.errors import DataError, InputError
from elman.limits import MOST_CLASSES
from elman.models.estimator.preprocess import InputPreprocessor, PreparedData
from elman.models.tag.characters import alphabet_of, spelled
from elman.models.tag.columns import TagColumns
from elman.models.tag.options import TaggerOptions
from elman.models.tag.spans import allowed
from elman.models.tag.words import WordParts
from elman.options import TokensName
from elman.quoting import quote
from elman.rounding import counted

UNSEEN = -1
"""The number of a tag that training never saw."""


@dataclass(frozen=True)
class Labelled:
    """Sequences in numbers, and the number of each step's tag for each of `inputs.values`, shape `(N,)`."""

    inputs: Sequences
    tags: npt.NDArray[np.int64]

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every sequence and every tag."""
        return {
            "sequences": self.inputs.fingerprint(),
            "tags": Sequences(self.tags, self.inputs.starts).fingerprint(),
        }


@dataclass(frozen=True)
class Preprocessor(InputPreprocessor):
    """Encode sequences and tags as numbers, and decode tags.

    Attributes:
        cut: how a text becomes tokens.
        classes: the tags, sorted.
        words: the parts of words; None where steps are numbers, or tokens have no spelling to learn from.
        alphabet: the characters of words; None where they are not read.
    """

    cut: Kind
    classes: list[Any]
    words: WordParts | None
    alphabet: Alphabet | None

    @classmethod
    def fit(cls, rows: list[Any], tags: list[list[Any]], cut: Kind, options: TaggerOptions) -> "Preprocessor":
        """Learn from the training part, cut and aligned.

        Raises:
            DataError: there are fewer than two tags, or tags of kinds that have no order among them.
        """
        found = fit_input(rows, "symbols", options.min_count)
        words = WordParts.fit(rows) if isinstance(found, TokenInput) else None
        alphabet = alphabet_of(rows) if words and options.character_size else None
        return cls(found, cut, _sorted_tags(tags), words, alphabet)

    @classmethod
    def from_state(cls, content: dict[str, Any]) -> "Preprocessor":
        """Return the preprocessor that `content` was made from."""
        words = None if content["words"] is None else WordParts(content["words"])
        alphabet = None if content["alphabet"] is None else Alphabet(content["alphabet"])
        return cls(input_from_state(content["input"]), content["cut"], content["classes"], words, alphabet)

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        words = None if self.words is None else self.words.content()
        alphabet = None if self.alphabet is None else self.alphabet.characters
        return {
            "cut": self.cut,
            "input": self.input.content(),
            "classes": self.classes,
            "words": words,
            "alphabet": alphabet,
        }

    def read(self, source: Any, first: int = 1) -> list[Any]:
        """Return sequences of any kind that `as_items` takes, cut; `first` is the number of the first, for messages.

        Raises:
            DataError: there is none, they are of no known kind, or one is empty.
        """
        return tokens_of(as_items(source), self.cut, first)

    def encode(self, rows: list[Any]) -> Sequences:
        """Return sequences that were read in numbers.

        Those are a number for each token, `(N,)`; for words also those of their parts, `(N, C)`, and of their
        characters, `(N, C + 1 + LONGEST)`; or scaled numbers, `(N, I)`.

        Raises:
            DataError: the sequences are of another kind than in training.
        """
        inputs = self.input.encode(rows)
        if self.words is None:
            return inputs
        spelling = () if self.alphabet is None else (spelled(rows, self.alphabet),)
        columns = np.column_stack((inputs.values, self.words.encode(rows), *spelling))
        return Sequences(columns.astype(np.int32), inputs.starts)  # half of the memory

    def vectors(self, path: str | Path | None) -> dict[int, npt.NDArray[np.float32]]:
        """Return word vectors that somebody trained, by the number of the symbol; none without a path.

        Raises:
            InputError: steps are numbers.
            DataError: the file cannot be read, or has none of the symbols.
        """
        if path is None:
            return {}
        if not isinstance(self.input, TokenInput):
            raise InputError("pretrained: expected texts to go with word vectors, got series: leave it out")
        return read_vectors(Path(path), self.input.vocabulary)

    def label(self, rows: list[Any], tags: list[list[Any]]) -> Labelled:
        """Return some rows, at least one, in numbers.

        Raises:
            DataError: the sequences are of another kind than in training.
        """
        return Labelled(self.encode(rows), self.numbers(tags))

    def numbers(self, tags: Sequence[Sequence[Any]]) -> npt.NDArray[np.int64]:
        """Return the number of every tag, row after row, shape `(N,)`; `UNSEEN` for one that training never saw."""
        places = {tag: number for number, tag in enumerate(self.classes)}
        return np.array([places.get(tag, UNSEEN) for row in tags for tag in row], np.int64)

    def known(self, tags: Sequence[Sequence[Any]], rows: Iterable[int]) -> list[int]:
        """Return those of some rows that have no tag that training never saw."""
        return [row for row in rows if UNSEEN not in self.numbers([tags[row]])]

    def names(self, numbers: npt.NDArray[np.int64], inputs: Sequences) -> list[list[Any]]:
        """Return the tags that numbers `(N,)` stand for, as a list for each sequence."""
        return self.per_row([self.classes[number] for number in numbers], inputs)

    @staticmethod
    def per_row(values: Any, inputs: Sequences) -> list[Any]:
        """Return what is beside `inputs.values` in parts, one for each sequence."""
        return [values[begin:end] for begin, end in zip(inputs.starts[:-1], inputs.starts[1:], strict=True)]

    def token_numbers(self, inputs: Sequences) -> npt.NDArray[np.int64]:
        """Return what to count tags by: the token's number, or 0 where steps are numbers, shape `(N,)`."""
        if not self.symbols:
            return np.zeros(len(inputs.values), np.int64)
        return inputs.values if self.words is None else inputs.values[:, 0]

    def unknown(self, inputs: Sequences) -> npt.NDArray[np.bool_]:
        """Return which tokens training never saw, or too seldom to give them a number, shape `(N,)`."""
        return (self.token_numbers(inputs) == 0) if self.symbols else np.zeros(len(inputs.values), bool)


@dataclass(frozen=True)
class Prepared(PreparedData[Labelled, Preprocessor]):
    """The data of one training; its held-out part are the sequences of which training has seen every tag.

    Attributes:
        examples: all held-out sequences and their tags, not encoded.
        read: how much was read, such as "40 sequences, 120 tags".
        unseen_tags: held-out sequences with a tag that training never saw.
        allowed: which tags may follow each other; None where all may.
    """

    examples: tuple[list[Any], list[list[Any]]]
    read: str
    unseen_tags: int
    allowed: tuple[Tensor, Tensor, Tensor] | None


def prepare(X: Any, y: Any, options: TaggerOptions) -> Prepared:
    """Read sequences and tags, split them, and encode both parts.

    Args:
        X: sequences, or a file or frame that holds their tags too.
        y: a row of tags for each sequence; None with a file or frame.
        options: the options of the tagger.

    Raises:
        InputError: there are more or fewer rows of tags than sequences.
        DataError: sequences or tags cannot be used; the message names the row.
    """
    rows, tags, cut = read_examples(*pair(X, y, options), options.tokens)
    learned, held_out = split_rows(len(rows), options.validation_fraction, options.split, options.seed)
    preprocessor = Preprocessor.fit(pick(rows, learned), pick(tags, learned), cut, options)
    known = preprocessor.known(tags, held_out)
    return Prepared(
        preprocessor.label(pick(rows, learned), pick(tags, learned)),
        preprocessor.label(pick(rows, known), pick(tags, known)) if known else None,
        preprocessor,
        count_duplicates(pick(rows, learned), pick(rows, held_out)),
        (pick(rows, held_out), pick(tags, held_out)),
        f"{counted(len(rows), 'sequence')}, {counted(sum(map(len, tags)), 'tag')}",
        len(held_out) - len(known),
        allowed(preprocessor.classes, pick(tags, [*learned, *known])) if options.crf else None,
    )


def pair(X: Any, y: Any, options: TaggerOptions) -> tuple[Any, Any]:
    """Return sequences and tags, from two arguments or from a file."""
    return TagColumns.named(options).examples(X) if y is None else (X, y)


def read_examples(source: Any, tags: Any, tokens: TokensName) -> tuple[list[Any], list[list[Any]], Kind]:
    """Return sequences, their tags, and how texts were cut.

    Args:
        source: sequences of any kind that `as_items` takes.
        tags: a row of tags for each.
        tokens: how to cut texts; "auto" tries what fits the tags.

    Raises:
        InputError: there are more or fewer rows of tags than sequences.
        DataError: sequences or tags cannot be used; the message names the row.
    """
    items, tags = as_items(source), tag_rows(tags)
    cut = guess_kind(items, tags) if tokens == "auto" else tokens
    rows = tokens_of(items, cut)
    return rows, align_tags(rows, tags), cut


def _sorted_tags(tags: list[list[Any]]) -> list[Any]:
    names = {tag for row in tags for tag in row}
    if len(names) < 2:
        raise DataError(f"y: every step has the tag {quote(names.pop())}: there is nothing to tell apart")
    if len(names) > MOST_CLASSES:
        raise DataError(f"y: expected at most {MOST_CLASSES:,} different tags, got {len(names):,}: name their column")
    try:
        return sorted(names)
    except TypeError as error:
        raise DataError(f"y: tags of several kinds ({error}): give texts, or whole numbers") from error
