"""Known mistakes on sheets that clip: every search ends, also where a mistake would need a value before itself."""

from typing import Any

import numpy as np
import pytest

import elman
from elman.worked.calculus.expr import ref
from elman.worked.marking.catalogue import CATALOGUE, Mistake
from elman.worked.marking.reading import Reading
from elman.worked.marking.search import KnownMistakes, Made
from elman.worked.marking.slips import Slip
from elman.worked.marking.teaching import gallery
from elman.worked.sheet.worksheet import gallery as gallery_names
from elman.worked.sheet.worksheet import load

CLIPS: list[dict[str, Any]] = [{"norm": 0.05}, {"value": 0.01}]
UPDATES: list[dict[str, Any] | None] = [
    None,
    {"method": "sgd", "rate": 0.1},
    {"method": "sgd", "rate": 0.1, "momentum": 0.9},
    {"method": "adam", "rate": 0.1},
]


def sheet(name: str, clip: dict[str, Any], update: dict[str, Any] | None, **more: Any) -> Any:
    fields = load(name).model_dump(exclude_unset=True)
    fields.pop("update", None)
    return elman.explain(fields | more | {"clip": clip} | ({"update": update} if update else {}))


CASES = [("not-very-good", clip, update) for clip in CLIPS for update in UPDATES]
CASES += [(name, CLIPS[0], UPDATES[2]) for name in ("gru", "love-ai", "not-happy")]
LONG = [(name, clip, update) for name in gallery_names() for clip in CLIPS for update in UPDATES]


@pytest.mark.parametrize(
    ("name", "clip", "update"), [*CASES, *(pytest.param(*case, marks=pytest.mark.study) for case in LONG)]
)
def test_every_mistake_on_a_clipped_sheet_gives_numbers(name: str, clip: Any, update: Any) -> None:
    trace = sheet(name, clip, update)
    search = KnownMistakes(trace.problem, trace.values)
    known = search.within()
    assert known.tried == known.ways
    for made in known.made:
        assert set(search.numbers((made,))) <= set(trace.values)
    assert "E19" in gallery([trace])


@pytest.mark.parametrize("clip", CLIPS, ids=str)
def test_an_early_update_is_recognised(clip: Any) -> None:
    trace = sheet("not-very-good", clip, UPDATES[2])
    early = next(made for made in trace.mistakes if made.mistake.number == "E19")
    wrong = KnownMistakes(trace.problem, trace.values).numbers((early,))
    answers = {k: [f"{x:.6f}" for x in np.ravel(wrong[k])] for k in wrong if trace[k].expr is not None}
    assert trace.check(answers).mistakes == ("E19",)
    assert trace.check({k: v for k, v in answers.items() if "~" not in k and "'" not in k}).mistakes == ("E19",)


def circular() -> Slip:
    """A mistake that cannot be made: each state is worked from the loss, which is worked from it."""
    return Slip(line=lambda value, expr, values: ref(values["loss"]) * expr if value.name.symbol == "h" else expr)


def test_a_mistake_that_needs_itself_is_none() -> None:
    trace = elman.explain("not-very-good")
    reading = Reading(trace.values, {}, [circular()])
    assert reading.worked("h.1") is None
    assert reading.worked("x.1") is not None


def test_a_search_with_such_a_mistake_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = Mistake("E99", "circle", "", "", ("rnn",), lambda _problem: (circular(),))
    monkeypatch.setattr("elman.worked.marking.search.CATALOGUE", (*CATALOGUE, impossible))
    trace = elman.explain("not-very-good")
    marks = trace.check({"h.1": [0.1, 0.7], "dh.1": [0.11, 0.12], "loss": 0.9})
    assert not marks.passed
    assert "E99" not in marks.mistakes
    assert Made(impossible, circular()) not in trace.mistakes


def test_a_budget_that_is_used_up_is_said() -> None:
    trace = elman.explain("not-very-good")
    wrong = {"dh.1": ["0.123456"] * len(np.ravel(trace["dh.1"].array)), "dh.2": ["9.876543"] * 2}
    marks = trace.check(wrong, seconds=1e-9)
    assert "0 of " in marks.found.stopped
    assert "the search for mistakes was cut short: 0 of" in " ".join(str(marks).split())
    assert trace.check(wrong).found.stopped == ""
    with pytest.raises(elman.errors.InputError, match="seconds: expected more than 0, got 0"):
        trace.check(wrong, seconds=0)
