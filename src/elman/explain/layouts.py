"""Placeholder until the layouts are written."""

from collections.abc import Mapping

from elman.explain.expr import Array
from elman.explain.worksheet import Worksheet


def to_elman(sheet: Worksheet) -> Mapping[str, Array]:
    """Give the parameters by Elman's names."""
    return sheet.parameters
