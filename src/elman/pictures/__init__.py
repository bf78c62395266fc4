"""Pictures of recurrent networks, each one function over plain arrays: NumPy's, torch's, lists.

Beside the house: NumPy and Matplotlib, and of the house leaves only. A function that draws with
Matplotlib takes `ax=None` and returns the figure, which a notebook shows by itself; `unrolled` returns SVG and
`text_map_html` HTML, as strings. `save` writes any of them. The public names are imported when first used, so that
`elman draw` does not wait for Matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.pictures.canvas import save
    from elman.pictures.captions import captions
    from elman.pictures.curves import gradient_flow, losses
    from elman.pictures.heat import attention_map, confusion, gate_map
    from elman.pictures.network import unrolled
    from elman.pictures.outlook import forecast
    from elman.pictures.plane import eigenvalues, phase
    from elman.pictures.text import text_map, text_map_html

_HOME = {
    "attention_map": "elman.pictures.heat",
    "captions": "elman.pictures.captions",
    "confusion": "elman.pictures.heat",
    "eigenvalues": "elman.pictures.plane",
    "forecast": "elman.pictures.outlook",
    "gate_map": "elman.pictures.heat",
    "gradient_flow": "elman.pictures.curves",
    "losses": "elman.pictures.curves",
    "phase": "elman.pictures.plane",
    "save": "elman.pictures.canvas",
    "text_map": "elman.pictures.text",
    "text_map_html": "elman.pictures.text",
    "unrolled": "elman.pictures.network",
}

__all__ = [
    "attention_map",
    "captions",
    "confusion",
    "eigenvalues",
    "forecast",
    "gate_map",
    "gradient_flow",
    "losses",
    "phase",
    "save",
    "text_map",
    "text_map_html",
    "unrolled",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'elman.pictures' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
