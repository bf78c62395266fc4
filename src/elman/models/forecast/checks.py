"""Refuse series that the requested computation cannot use, and name the value."""

import numpy as np
import numpy.typing as npt

from elman.data.gaps import stamp_text
from elman.data.scaling import Scale
from elman.data.series import Panel, Series
from elman.errors import DataError
from elman.limits import LARGEST_CHANGE
from elman.quoting import quote

Numbers = npt.NDArray[np.float64]


def check_changes(one: Series, panel: Panel, scale: Scale, mean: Numbers, deviation: Numbers) -> None:
    """Refuse a value or covariate so far from those of the training part that float32 cannot hold it.

    Raises:
        DataError: there is one; the message names it.
    """
    far = np.abs(one.covariates - mean) > LARGEST_CHANGE * deviation
    if far.any():
        at, column = (int(part[0]) for part in far.nonzero())
        name, value = panel.covariates[column], one.covariates[at, column]
    elif not scale.holds(one.values):
        at = int(np.abs(one.values - np.median(one.values)).argmax())
        name, value = "value", one.values[at]
    else:
        return
    stamp = stamp_text(panel.frequency.stamps(one.first, np.array([at]))[0])
    raise DataError(
        f"{panel.source}: series {quote(one.name)}: the {quote(name)} {value:g} at {stamp} is more than "
        f"{LARGEST_CHANGE:g} times the changes in the training part: mend the value, or give more history"
    )


def check_positive(one: Series, panel: Panel) -> None:
    """See that a series can be taken in logarithms.

    Raises:
        DataError: it cannot; the message names the first value that is not positive.
    """
    bad = np.flatnonzero(one.values <= 0)
    if len(bad):
        stamp = stamp_text(panel.frequency.stamps(one.first, bad[:1])[0])
        raise DataError(
            f"{panel.source}: series {quote(one.name)}: {one.values[bad[0]]:g} at {stamp} has no logarithm: "
            "train with target_transform none"
        )
