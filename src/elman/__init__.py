"""Elman: recurrent neural networks with the lid off.

The public names, imported when first used, so that `elman --help` never loads torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from elman.extras import required_by

if TYPE_CHECKING:
    from elman.diagnose import diagnose, truncation
    from elman.explain.entry import check, explain
    from elman.layers import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell, adopt, record, release
    from elman.models import (
        Captioner,
        FeedForward,
        Forecaster,
        SequenceClassifier,
        SequenceTagger,
        TextGenerator,
        Translator,
        WindowMLP,
        load,
    )

__version__ = "0.1.0"

_HOME = {
    "RNN": "elman.layers",
    "GRU": "elman.layers",
    "LSTM": "elman.layers",
    "RNNCell": "elman.layers",
    "GRUCell": "elman.layers",
    "LSTMCell": "elman.layers",
    "Captioner": "elman.models",
    "adopt": "elman.layers",
    "record": "elman.layers",
    "release": "elman.layers",
    "FeedForward": "elman.models",
    "Forecaster": "elman.models",
    "SequenceClassifier": "elman.models",
    "SequenceTagger": "elman.models",
    "TextGenerator": "elman.models",
    "Translator": "elman.models",
    "WindowMLP": "elman.models",
    "load": "elman.models",
    "truncation": "elman.diagnose",
    "check": "elman.explain.entry",
}
_CALLABLE = ("diagnose", "explain")
"""Rooms that are called as functions."""

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Captioner",
    "FeedForward",
    "Forecaster",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "SequenceClassifier",
    "SequenceTagger",
    "TextGenerator",
    "Translator",
    "WindowMLP",
    "__version__",
    "adopt",
    "check",
    "diagnose",
    "explain",
    "load",
    "record",
    "release",
    "truncation",
]


def __getattr__(name: str) -> Any:
    if name in _CALLABLE:
        return import_module(f"elman.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'elman' has no attribute {name!r}")
    with required_by(f"elman.{name}"):
        value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
