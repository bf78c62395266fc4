"""Declare the options of every renderer: digits, notation, one pass, step or value, gaps or numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from elman.errors import InputError
from elman.worked.calculus.calculation import Calculation
from elman.worked.view.notation import notation


@dataclass(frozen=True, slots=True)
class Options:
    """The choices; `digits` and `notation` are the sheet's own unless given."""

    digits: int = 4
    notation: str = "xh"
    only: str | None = None
    step: int | None = None
    id: str | None = None
    blank: bool = False
    ascii: bool = False
    color: bool = False

    @classmethod
    def of(cls, trace: Calculation, **given: Any) -> Options:
        """Return the options for a trace: those given, and the sheet's own for the rest."""
        known = {field.name for field in fields(cls)}
        for name in given:
            if name not in known:
                raise InputError(f"{name}: not an option of a rendering; expected {', '.join(sorted(known))}")
        stated = {name: value for name, value in given.items() if value is not None}
        sheet = trace.problem.sheet
        options = cls(**{"digits": sheet.digits, "notation": sheet.notation, **stated})
        options._check()
        return options

    def _check(self) -> None:
        if not 1 <= self.digits <= 15:
            raise InputError(f"digits: expected 1 to 15, got {self.digits}")
        notation(self.notation)
        if self.id is not None and (self.only or self.step is not None):
            raise InputError("id: one value is asked for; leave out only and step")
