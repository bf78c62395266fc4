"""Declare the options of the tagger."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from elman.models.estimator.options import EncoderOptions
from elman.options import Column, EmbeddingDim, Help, LearningRate, Metavar, SymbolDropout


@dataclass(kw_only=True, eq=False, repr=False)
class TaggerOptions(EncoderOptions):
    """Options of `SequenceTagger`, with their defaults: the recipe for some ten thousand sequences."""

    usual_epochs: ClassVar[int] = 10

    source: Annotated[Column, Help("Column of sequences, in a table.")] = None
    target: Annotated[Column, Help("Column of their tags, in a table.")] = None
    token: Annotated[
        int | str,
        Metavar("COLUMN"),
        Help("Column of tokens, in a file with one a line: from 1, from -1 backwards, or its name in a header."),
    ] = 1
    tag: Annotated[int | str, Metavar("COLUMN"), Help("Column of tags, in a file with one token a line.")] = -1
    embedding_dim: EmbeddingDim = 32
    symbol_dropout: SymbolDropout = 0.02
    learning_rate: LearningRate = 3e-3
