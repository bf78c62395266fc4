"""The README's table of jobs: each command runs as it is printed, on a small file of the kind that it names.

Only the length of training is cut short.
"""

import csv
import random
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from elman.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\|[^|]*\|[^|]*\| `elman ((?:train|forecast) [^`]+)` \|", README, re.MULTILINE)
SHORT = {"forecast": ["--epochs", "2", "--members", "1"]}


def table(path: Path, rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def reviews(path: Path) -> None:
    words = {"good": ["fine", "lovely", "bright"], "bad": ["dull", "grey", "slow"]}
    rows = [(" ".join(random.choices(words[label], k=4)), label) for label in ("good", "bad") * 30]
    table(path, [("text", "label"), *rows])


def vowels(path: Path) -> None:
    rows = [
        (series, step, series % 2, random.gauss(series % 2, 0.3), random.gauss(0, 1))
        for series in range(40)
        for step in range(5 + series % 3)
    ]
    table(path, [("series", "step", "label", "c0", "c1"), *rows])


def promoters(path: Path) -> None:
    rows = [("".join(random.choices(bases, k=20)), "+-"[k % 2]) for k, bases in enumerate(["aacgt", "acggt"] * 30)]
    table(path, [("sequence", "label"), *rows])


def words(path: Path) -> None:
    sentences = [[random.choice(["the D", "dog N", "cat N", "saw V"]) for _ in range(5)] for _ in range(40)]
    path.write_text("\n\n".join("\n".join(sentence) for sentence in sentences) + "\n")


def airline(path: Path) -> None:
    months = [(f"{2000 + t // 12}-{t % 12 + 1:02}", 100 + t + 10 * (t % 12)) for t in range(96)]
    table(path, [("month", "passengers"), *months])


def pairs(path: Path) -> None:
    sources = ["".join(random.choices("abcd", k=random.randint(2, 5))) for _ in range(60)]
    table(path, [("source", "target"), *((text, text[::-1]) for text in sources)])


def digits(path: Path) -> None:
    labels = np.arange(60) % 2
    images = np.random.default_rng(0).integers(0, 99, (60, 8, 8)).astype(np.uint8) + 100 * labels[:, None, None]
    np.savez(path, images=images.astype(np.uint8), captions=np.array(["zero", "one"])[labels])


def my(path: Path) -> None:
    path.write_text("to be, or not to be, that is the question.\n" * 60)


FILES: dict[str, Callable[[Path], None]] = {
    "reviews.csv": reviews,
    "vowels.csv": vowels,
    "promoters.csv": promoters,
    "words.conll": words,
    "airline.csv": airline,
    "pairs.csv": pairs,
    "digits.npz": digits,
    "my.txt": my,
}


def test_every_kind_of_file_is_shown() -> None:
    assert {word for command in COMMANDS for word in shlex.split(command) if word in FILES} == set(FILES)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[:3]))
def test_the_command_of_a_job_works(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random.seed(0)
    monkeypatch.chdir(tmp_path)
    given = shlex.split(command)
    file = next(word for word in given if word in FILES)
    FILES[file](Path(file))
    assert main([*given, *SHORT.get(given[0], ["--epochs", "1"])]) == 0
    made = [path for path in tmp_path.rglob("*.safetensors") if "checkpoint" not in path.name]
    assert len(made) == 1
    if given[0] == "train" and given[1] != "text":
        assert main(["evaluate", str(made[0]), file]) == 0
