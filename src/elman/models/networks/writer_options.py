"""Declare the options of the estimators that write a text with a decoder."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from elman.options import EmbeddingDim, Help, LabelSmoothing, MinCount, Range, RecurrentOptions


@dataclass(kw_only=True, eq=False, repr=False)
class WriterOptions(RecurrentOptions):
    """Options of a decoder and of its beam search."""

    _may_change: ClassVar[tuple[str, ...]] = (*RecurrentOptions._may_change, "beam", "length_penalty")

    embedding_dim: EmbeddingDim = 64
    min_count: MinCount = 1
    label_smoothing: LabelSmoothing = 0.0
    teacher_forcing: Annotated[
        float,
        Range(ge=0, le=1),
        Help("Probability that a step reads the right symbol in training, not its own choice, in [0, 1]."),
    ] = 1.0
    beam: Annotated[int, Range(ge=1, le=1000), Help("Width of the beam search; 1 is greedy.")] = 5
    length_penalty: Annotated[
        float, Range(ge=0, le=10), Help("Length penalty of the beam search; larger values favour longer texts.")
    ] = 0.6
