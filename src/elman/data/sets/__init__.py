"""Small data sets for a first try of every job: public facts, texts of Python's, and rows made by rules and a seed.

A new set is a function in `texts.py` or `numbers.py`, and a line of `data_sets`.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elman.errors import InputError
from elman.files import write_atomically
from elman.quoting import quote


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes:
        name: the word that asks for it.
        file: the name of the file that it is written to unless another is given.
        what: one line about it.
        job: the words after `elman` of the command that learns from it.
        make: returns its content: columns, arrays or a text; called with `unseen` where there is such a part.
        unit: what is counted in it.
        splits: whether it has rows apart, to measure a model on.
    """

    name: str
    file: str
    what: str
    job: str
    make: Callable[..., Any]
    unit: str = "rows"
    splits: bool = True

    def content(self, unseen: bool = False) -> Any:
        """Return columns by name, arrays by name, or a text.

        Raises:
            InputError: `unseen` is asked of a set that is not split.
        """
        if unseen and not self.splits:
            raise InputError(f"{self.name}: expected a data set with rows apart, got one without: leave out --unseen")
        return self.make(unseen) if self.splits else self.make()

    def count(self, content: Any) -> int:
        """Return how many rows, images, sentences or characters a content has."""
        if isinstance(content, str):
            return content.count("\n\n") if self.unit == "sentences" else len(content)
        return len(next(iter(content.values())))

    def job_on(self, path: Path) -> list[str]:
        """Return the words of the command that learns from the set in this file."""
        return [str(path) if word == self.file else word for word in self.job.split()]


def data_sets() -> dict[str, DataSet]:
    """Return every data set by its name."""
    from elman.data.sets.numbers import airline, digits, vowels
    from elman.data.sets.texts import bundled_text, letters, pairs, promoters, reviews, tagged, zen

    found = (
        DataSet("airline", "airline.csv", "passengers of an airline, by month", _FORECAST, airline, splits=False),
        DataSet("digits", "digits.npz", "small images of digits, with their names", _CAPTION, digits, "images"),
        DataSet("letters", "letters.csv", "names of letters in six scripts", _LETTERS, letters),
        DataSet("pairs", "pairs.csv", "dates, numbers and plurals, written two ways", _TRANSLATE, pairs),
        DataSet("promoters", "promoters.csv", "made DNA with and without a promoter", _PROMOTERS, promoters),
        DataSet("reviews", "reviews.csv", "made short reviews, positive or negative", _REVIEWS, reviews),
        DataSet("topics", "topics.txt", "Python's own help texts", _TEXT, bundled_text, "characters", splits=False),
        DataSet("vowels", "vowels.csv", "made vowels, as series of four channels", _VOWELS, vowels),
        DataSet("words", "words.conll", "made sentences with a tag for each word", _TAG, tagged, "sentences"),
        DataSet("zen", "zen.txt", "the Zen of Python", _ZEN, zen, "characters", splits=False),
    )
    return {one.name: one for one in found}


_FORECAST = "forecast airline.csv --time month --value passengers --horizon 12"
_CAPTION = "train caption digits.npz -o digits.safetensors"
_LETTERS = "train classify letters.csv --text letter --label script -o letters.safetensors"
_TRANSLATE = "train translate pairs.csv --batch-size 16 --learning-rate 0.005 -o pairs.safetensors"
_PROMOTERS = "train classify promoters.csv --text sequence --label label --tokens characters -o promoters.safetensors"
_REVIEWS = "train classify reviews.csv --text text --label label -o reviews.safetensors"
_TEXT = "train text topics.txt -o topics.safetensors"
_VOWELS = "train classify vowels.csv --series series --step step --label label -o vowels.safetensors"
_TAG = "train tag words.conll -o words.safetensors"
_ZEN = "train text zen.txt -o zen.safetensors"


def data_set(name: str) -> DataSet:
    """Return the data set of a name.

    Raises:
        InputError: there is none of that name.
    """
    sets = data_sets()
    if name not in sets:
        raise InputError(f"data: expected one of {', '.join(sets)}, got {quote(name)}: see the list with: elman data")
    return sets[name]


def write_data_set(one: DataSet, path: Path, *, unseen: bool = False, overwrite: bool = False) -> int:
    """Write a data set to a file, whole or not at all, and return how many rows, images or characters it has.

    Raises:
        InputError: the file is there and is not to be replaced, or its name ends otherwise than such a file's.
        ModelFileError: the file cannot be written.
    """
    _check(one, path, overwrite)
    content = one.content(unseen)
    if isinstance(content, str):
        write_atomically(path, content.encode())
    elif path.suffix.lower() == ".npz":
        import numpy as np

        file = io.BytesIO()
        np.savez_compressed(file, **content)
        write_atomically(path, file.getvalue())
    else:
        from elman.data.table_writer import TableWriter

        with TableWriter(path) as table:
            table.write(content)
    return one.count(content)


def _check(one: DataSet, path: Path, overwrite: bool) -> None:
    usual = Path(one.file).suffix
    endings = {".csv": (".csv", ".tsv", ".jsonl", ".parquet")}.get(usual, (usual,))
    if path.suffix.lower() not in endings:
        raise InputError(f"{path}: expected a name that ends in {', '.join(endings)}: choose another")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: there is a file already: choose another name with -o, or add --overwrite")
