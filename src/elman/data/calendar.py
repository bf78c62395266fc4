"""Calendar features: the phase of a stamp in the cycles of year, week and day, as sines and cosines.

The place in a cycle is a sine and a cosine, so that the last day of a year is the neighbour of the next one's first;
whole multiples of the wave let a network shape the cycle.
"""

import numpy as np
import numpy.typing as npt

from elman.data.frequency import DAY, MICROSECONDS, WEEK, YEAR, Frequency, Stamps

_HARMONICS = {YEAR: 2, WEEK: 3, DAY: 2}
"""Harmonics of each cycle: three for the week tell all seven days apart."""
_MONDAY = np.datetime64("1970-01-05", "us")
_MONTH = YEAR / 12


def calendar_features(stamps: Stamps, frequency: Frequency, season: int) -> npt.NDArray[np.float64]:
    """Return the waves at each stamp, shape `(T, F)`; F depends on frequency and season alone.

    Args:
        stamps: shape `(T,)`.
        frequency: of the series; cycles shorter than two steps are left out.
        season: steps in the cycle of whole-numbered stamps, which have no calendar; 1 is none.
    """
    if frequency.unit == "number":
        phases = [stamps // frequency.step / season] if season > 1 else []
        return _waves(phases, [2] * len(phases), len(stamps))
    since_monday = (stamps - _MONDAY).astype(np.int64)
    year = stamps.astype("M8[Y]")
    length = ((year + 1).astype(MICROSECONDS) - year.astype(MICROSECONDS)).astype(np.int64)
    phase = {
        YEAR: (stamps - year.astype(MICROSECONDS)).astype(np.int64) / length,
        WEEK: since_monday % WEEK / WEEK,
        DAY: since_monday % DAY / DAY,
    }
    apart = frequency.step * {"microsecond": 1, "business day": DAY}.get(frequency.unit, _MONTH)
    cycles = [cycle for cycle in phase if cycle >= 2 * apart]
    return _waves([phase[cycle] for cycle in cycles], [_HARMONICS[cycle] for cycle in cycles], len(stamps))


def _waves(phases: list[npt.NDArray[np.float64]], harmonics: list[int], length: int) -> npt.NDArray[np.float64]:
    columns = [
        wave(2 * np.pi * multiple * phase)
        for phase, most in zip(phases, harmonics, strict=True)
        for multiple in range(1, most + 1)
        for wave in (np.sin, np.cos)
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((length, 0))
