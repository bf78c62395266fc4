"""How good a translator is on pairs, beside two that need no network."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from elman.models.reports import Report
from elman.models.translation_baselines import CopySource, NearestNeighbour
from elman.models.translation_scores import score_grid

if TYPE_CHECKING:
    from elman.models.translator import Translator

Pairs = tuple[list[str], list[str]]
"""Sources and targets."""


def translation_report(model: "Translator", known: Pairs, name: str, asked: Pairs) -> Report:
    """Return the report of a translator.

    Args:
        model: the translator.
        known: the pairs that it was trained on.
        name: what the pairs to measure on are called.
        asked: those pairs.
    """
    sources, targets = asked
    written: dict[str, Sequence[str]] = {
        simple.name: simple.fit(*known).predict(sources) for simple in (CopySource(), NearestNeighbour())
    }
    written["network"] = model.predict(sources)
    seen = set(known[0])
    again = sum(source in seen for source in sources)
    notes = [f"{again:,} of these sources were in the training file too"] if again else []

    def draw() -> Any:
        from elman.pictures import attention_map

        look = model.attention(sources[0])
        return attention_map(look.weights, look.source, look.target)

    grid = score_grid(written, targets, model.target_.tokens)
    return Report(f"{name}: {len(sources):,} pairs", [grid], notes, draw if model.attend else None)


def pack_pairs(pairs: Pairs) -> Tensor:
    """Return pairs as the bytes of their JSON, for a model's file."""
    return torch.from_numpy(np.frombuffer(json.dumps(pairs).encode(), dtype=np.uint8).copy())


def unpack_pairs(packed: Tensor) -> Pairs:
    """Return what `pack_pairs` was given."""
    sources, targets = json.loads(packed.numpy().tobytes())
    return sources, targets
