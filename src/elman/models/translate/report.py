"""How good a translator is on pairs, beside two that need no network."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from elman.models.estimator.reports import Report
from elman.models.scoring.texts import score_grid
from elman.models.translate.baselines import CopySource, NearestNeighbour

if TYPE_CHECKING:
    from elman.models.translate.estimator import Translator

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
    written["network"] = model.write(sources)
    if model.memory_:
        written["memory and network"] = model.predict(sources)
    seen = set(known[0])
    again = sum(source in seen for source in sources)
    notes = [f"{again:,} of these sources were in the training file too"] if again else []
    notes += memory_notes(model, sources)

    def draw() -> Any:
        from elman.pictures import attention_map

        look = model.attention(sources[0])
        return attention_map(look.weights, look.source, look.target)

    grid = score_grid(written, targets, model.target_.tokens)
    return Report(f"{name}: {len(sources):,} pairs", [grid], notes, draw if model.attend else None)


def memory_notes(model: "Translator", sources: Sequence[str]) -> list[str]:
    """Return what a reader has to know of the memory: how often it answered, or that it never does."""
    if model.memory_ is None:
        return []
    threshold = model.memory_.threshold
    if threshold is None:
        return ["the memory never answers: on the held-out pairs the network was as good at any similarity"]
    answered = model.memory_.answers(sources)
    return [f"the memory answered for {answered:,} of {len(sources):,} sources: those {threshold:.2f} near or nearer"]


def pack_pairs(pairs: Pairs) -> Tensor:
    """Return pairs as the bytes of their JSON, for a model's file."""
    return torch.from_numpy(np.frombuffer(json.dumps(pairs).encode(), dtype=np.uint8).copy())


def unpack_pairs(packed: Tensor) -> Pairs:
    """Return what `pack_pairs` was given."""
    sources, targets = json.loads(packed.numpy().tobytes())
    return sources, targets
