"""Damaged series: each of some hundred mutated files is read, or refused in one line, in little memory and time."""

import random

import pandas as pd
import pytest

from elman.data.series_table import read_panel
from elman.errors import ElmanError
from elman.limits import STEPS_PER_STAMP

ODD = [
    "", "NaN", "NA", "null", "true", "1e308", "-1e400", "inf", "1_0", "0x10", "0.5", "1e18", "1e-320", "-5", "²", "٣",
    '"', "a,b", "9" * 30, "\x1b[31m", "2020-02-30", "01/02/2020", "2020-01-01T00:00+01:00", "0001-01-01",
    "9999-12-31", "2020Q5", "2020-W54", "24:00", "2020-13", "20200230", "1577836800", "2020-01-01T25:00", "2262-04-12",
]  # fmt: skip
FORMS = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%Y-%m", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S+01:00")


def damaged(dice):
    """Return the bytes of a small file with a few odd cells, and some with odd bytes."""
    rows, form, two = dice.randint(2, 50), dice.choice(FORMS), dice.random() < 0.2
    days = pd.date_range("2020-01-01", periods=rows, freq=dice.choice(["D", "MS", "h", "W", "B", "ME"]))
    cells = [
        ["ab"[at % 2] if two else "a", day.strftime(form), f"{dice.gauss(0, 9):.2f}"] for at, day in enumerate(days)
    ]
    for _ in range(dice.randint(0, 2)):
        dice.choice(cells)[dice.randrange(3)] = dice.choice(ODD)
    if dice.random() < 0.2:
        dice.shuffle(cells)
    whole = bytearray("\n".join(",".join(row) for row in [["unique_id", "ds", "y"], *cells]).encode())
    for _ in range(dice.choice([0, 0, 0, 1, 3])):
        whole[dice.randrange(len(whole))] = dice.randrange(256)
    return whole


def complaint(path, fill):
    """Return what is said against a file; None where it is read, onto a grid within the limit."""
    try:
        panel = read_panel(path, fill=fill)
    except ElmanError as error:
        return str(error)
    assert sum(map(len, panel)) <= STEPS_PER_STAMP * panel.rows
    return None


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_read_or_refused_in_one_line(seed, tmp_path):
    dice, said = random.Random(seed), []
    for _ in range(60):
        (tmp_path / "t.csv").write_bytes(damaged(dice))
        said.append(complaint(tmp_path / "t.csv", dice.choice([None, "zero", "forward", "interpolate"])))
    assert None in said
    assert not any("\n" in line or "\x1b" in line for line in said if line)
