"""The doctor for vanishing and exploding gradients.

`doctor.py` is the call, `case.py` what it is given, `cells.py` makes layers of single-step cells for a while.
`examine.py` runs the measurements: `measure.py` (one run of the batch: the `calls.py` of every layer, joined where they
are one sequence, and the gradient that arrives at each state, `arrivals.py`), `lags.py` (a gradient by lag),
`jacobian.py`, `spectrum.py`, `gates.py`, `fresh.py` (first weights) and `birth.py` (numbers that are not finite).
`verdicts.py` makes words of them, `report.py` hands all over; `tables.py`, `text.py`, `panels.py` and
`page.py` show it. `cuts.py` measures what truncated backpropagation keeps of a gradient, on a `course.py`. It knows no
job, no file of a model and no terminal.

`elman.diagnose` is this package and also the function: the module is callable, as `elman.explain` is.
"""

import inspect
import sys
from types import ModuleType
from typing import Any

from elman.diagnose.case import Case
from elman.diagnose.course import Course
from elman.diagnose.cuts import Cut, Truncation, truncation
from elman.diagnose.doctor import diagnose
from elman.diagnose.report import Report
from elman.diagnose.verdicts import Verdict

__all__ = ["Case", "Course", "Cut", "Report", "Truncation", "Verdict", "diagnose", "truncation"]


class _Callable(ModuleType):
    """A module that is called like the function it is named after."""

    def __call__(self, *arguments: Any, **options: Any) -> Report:
        return diagnose(*arguments, **options)


__signature__ = inspect.signature(diagnose)  # what `inspect` and a notebook's `?` show of the module
sys.modules[__name__].__class__ = _Callable
