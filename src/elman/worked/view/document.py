"""Declare the options of a rendering, and cut a calculation into the sections of a sheet by them.

The sections are given, forward, backward, sums and update; every renderer walks these.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from elman.errors import InputError
from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.sheet.problem import refuse_to_show
from elman.worked.view.notation import notation


@dataclass(frozen=True, slots=True)
class Options:
    """Choose how to render; `digits` and `notation` are the sheet's own unless given."""

    digits: int = 4
    notation: str = "xh"
    only: str | None = None
    step: int | None = None
    id: str | None = None
    blank: bool = False
    ascii: bool = False
    color: bool = False

    @classmethod
    def of(cls, calculation: Calculation, **given: Any) -> Options:
        """Return the options for a calculation: those given, and the sheet's own for the rest."""
        known = {field.name for field in fields(cls)}
        for name in given:
            if name not in known:
                raise InputError(f"{name}: not an option of a rendering; expected {', '.join(sorted(known))}")
        stated = {name: value for name, value in given.items() if value is not None}
        sheet = calculation.problem.sheet
        options = cls(**{"digits": sheet.digits, "notation": sheet.notation, **stated})
        options._check()
        return options

    def _check(self) -> None:
        if not 1 <= self.digits <= 15:
            raise InputError(f"digits: expected 1 to 15, got {self.digits}")
        notation(self.notation)
        if self.id is not None and (self.only or self.step is not None):
            raise InputError("id: one value is asked for; leave out only and step")


@dataclass(frozen=True, slots=True)
class Section:
    """Hold a heading and the values under it; `kind` is given, forward, backward, sums or update."""

    kind: str
    title: str
    values: list[Value]
    example: int | None = None


def sections(calculation: Calculation, options: Options) -> list[Section]:
    """Return the sections that the options leave, none of them empty."""
    if options.id is not None:
        return [Section("one", "", [calculation[options.id]], calculation[options.id].name.example)]
    kept = calculation.select(options.only, options.step)
    refuse_to_show(sum(value.array.size for value in kept), calculation.length)
    several = len(calculation.problem.sequences) > 1
    examples: list[int | None] = [*range(1, len(calculation.problem.sequences) + 1)] if several else [None]
    found = [Section("given", "GIVEN", [v for v in kept if v.phase == "parameter"])]
    for example in examples:
        found += _of_example(
            calculation, [v for v in kept if v.name.example == example and v.phase != "parameter"], example
        )
    if several:
        rest = [v for v in kept if v.name.example is None and v.phase in {"forward", "backward"}]
        found.append(Section("sums", "OVER THE EXAMPLES", rest))
    found.append(Section("update", _update_title(calculation), [v for v in kept if v.phase == "update"]))
    return [section for section in found if section.values]


def _of_example(calculation: Calculation, values: list[Value], example: int | None) -> list[Section]:
    sequence = calculation.problem.sequences[(example or 1) - 1]
    words = f' "{" ".join(sequence.words)}"' if sequence.words else ""
    where = f"{words}" if example is None else f" {example}{words}"
    back = [v for v in values if v.phase == "backward" and not is_sum(v)]
    return [
        Section("forward", f"FORWARD{where}", [v for v in values if v.phase in {"given", "forward"}], example),
        Section("backward", f"BACKWARD{where}", back, example),
        Section("sums", f"SUMS OVER THE STEPS{where}", [v for v in values if is_sum(v)], example),
    ]


def is_sum(value: Value) -> bool:
    """Tell whether the value is the gradient of a parameter, the sum of its shares."""
    return (
        value.phase == "backward"
        and value.of is not None
        and value.of.phase == "parameter"
        and value.name.share is None
    )


def shares_of(calculation: Calculation, total: Value) -> list[Value]:
    """Return the shares of a summed gradient, by step."""
    if total.expr is None:
        return []
    return [operand for operand in total.operands if operand.name.share is not None]


def _update_title(calculation: Calculation) -> str:
    clip = "CLIPPING" if calculation.problem.sheet.clip else ""
    update = "UPDATE" if calculation.problem.sheet.update else ""
    return " AND ".join(word for word in (clip, update) if word)
