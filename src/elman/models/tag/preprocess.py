"""Fit everything that a tagger learns apart from its network: vocabulary or scale, and the tags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.aligned import align_tags, guess_kind, tag_rows, tokens_of
from elman.data.inputs import fit_input, input_from_state
from elman.data.items import as_items
from elman.data.sequences import Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tokenizer import Kind
from elman.errors import DataError
from elman.limits import MOST_CLASSES
from elman.models.estimator.preprocess import InputPreprocessor, PreparedData
from elman.models.tag.columns import TagColumns
from elman.models.tag.options import TaggerOptions
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
    """

    cut: Kind
    classes: list[Any]

    @classmethod
    def fit(cls, rows: list[Any], tags: list[list[Any]], cut: Kind, min_count: int) -> "Preprocessor":
        """Learn from the training part, cut and aligned.

        Raises:
            DataError: there are fewer than two tags, or tags of kinds that have no order among them.
        """
        return cls(fit_input(rows, "symbols", min_count), cut, _sorted_tags(tags))

    @classmethod
    def from_state(cls, content: dict[str, Any]) -> "Preprocessor":
        """Return the preprocessor that `content` was made from."""
        return cls(input_from_state(content["input"]), content["cut"], content["classes"])

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"cut": self.cut, "input": self.input.content(), "classes": self.classes}

    def read(self, source: Any, first: int = 1) -> list[Any]:
        """Return sequences of any kind that `as_items` takes, cut; `first` is the number of the first, for messages.

        Raises:
            DataError: there is none, they are of no known kind, or one is empty.
        """
        return tokens_of(as_items(source), self.cut, first)

    def label(self, rows: list[Any], tags: list[list[Any]]) -> Labelled:
        """Return some rows, at least one, in numbers.

        Raises:
            DataError: the sequences are of another kind than in training.
        """
        return Labelled(self.input.encode(rows), self.numbers(tags))

    def numbers(self, tags: Sequence[Sequence[Any]]) -> npt.NDArray[np.int64]:
        """Return the number of every tag, row after row, shape `(N,)`; `UNSEEN` for one that training never saw."""
        places = {tag: number for number, tag in enumerate(self.classes)}
        return np.array([places.get(tag, UNSEEN) for row in tags for tag in row], np.int64)

    def known(self, tags: Sequence[Sequence[Any]], rows: Iterable[int]) -> list[int]:
        """Return those of some rows that have no tag that training never saw."""
        return [row for row in rows if UNSEEN not in self.numbers([tags[row]])]

    def names(self, numbers: npt.NDArray[np.int64], inputs: Sequences) -> list[list[Any]]:
        """Return the tags that numbers `(N,)` stand for, as a list for each sequence."""
        names = [self.classes[number] for number in numbers]
        return [names[begin:end] for begin, end in zip(inputs.starts[:-1], inputs.starts[1:], strict=True)]

    def token_numbers(self, inputs: Sequences) -> npt.NDArray[np.int64]:
        """Return what to count tags by: the token's number, or 0 where steps are numbers, shape `(N,)`."""
        return inputs.values if self.symbols else np.zeros(len(inputs.values), np.int64)


@dataclass(frozen=True)
class Prepared(PreparedData[Labelled, Preprocessor]):
    """The data of one training; its held-out part are the sequences of which training has seen every tag.

    Attributes:
        examples: all held-out sequences and their tags, not encoded.
        read: how much was read, such as "40 sequences, 120 tags".
        unseen_tags: held-out sequences with a tag that training never saw.
    """

    examples: tuple[list[Any], list[list[Any]]]
    read: str
    unseen_tags: int


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
    learned, held_out = split_rows(len(rows), options.validation_fraction)
    preprocessor = Preprocessor.fit(pick(rows, learned), pick(tags, learned), cut, options.min_count)
    known = preprocessor.known(tags, held_out)
    return Prepared(
        preprocessor.label(pick(rows, learned), pick(tags, learned)),
        preprocessor.label(pick(rows, known), pick(tags, known)) if known else None,
        preprocessor,
        count_duplicates(pick(rows, learned), pick(rows, held_out)),
        (pick(rows, held_out), pick(tags, held_out)),
        f"{counted(len(rows), 'sequence')}, {counted(sum(map(len, tags)), 'tag')}",
        len(held_out) - len(known),
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
