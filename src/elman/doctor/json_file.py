"""Convert results to plain JSON values and write them to a file."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from elman.files import write_atomically


def write_json(path: Path, content: Any) -> None:
    """Write plain content, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")


def plain(value: Any) -> Any:
    """Return dictionaries, sequences and arrays as JSON can hold them."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            return [[plain(x.real), plain(x.imag)] for x in value]
        return [plain(x) for x in value.tolist()]
    if isinstance(value, float):
        return float(value) if np.isfinite(value) else None
    return value
