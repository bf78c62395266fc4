"""Declare the options of the translator, and choose those that are left open."""

from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

from elman.errors import InputError
from elman.models.estimator.options import WriterOptions, chosen_training
from elman.options import (
    Bidirectional,
    Column,
    Flag,
    Help,
    LearningRate,
    Search,
    SymbolDropout,
    Tokens,
    TokensName,
    Unset,
)

SHARED = 0.3
"""The share of a target's symbols that its own source has, on average, from which on copying is on."""


@dataclass(kw_only=True, eq=False, repr=False)
class TranslatorOptions(WriterOptions):
    """Options of `Translator`, with their defaults."""

    source: Annotated[Column, Help("Column to read."), Unset("source, src, input or from")] = None
    target: Annotated[Column, Help("Column to write."), Unset("target, translation, output or to")] = None
    source_tokens: Tokens = "auto"
    target_tokens: Tokens = "auto"
    bidirectional: Bidirectional = True
    attend: Annotated[
        bool, Search(), Help("Whether the decoder attends to the source."), Flag("--attend/--no-attend")
    ] = True
    copying: Annotated[
        bool | None,
        Search(),
        Help("Whether symbols of the source can be copied."),
        Unset(f"if sources have {SHARED:.0%} of the symbols of their targets"),
    ] = None
    memory: Annotated[
        bool | None,
        Help("Whether the network also reads the target of the nearest known source, and can copy from it."),
        Unset("if targets are words or pieces of words"),
    ] = None
    symbol_dropout: SymbolDropout = 0.0
    learning_rate: LearningRate = 3e-3

    def _check_together(self) -> None:
        super()._check_together()
        if copies(self) and not self.attend:
            raise InputError(
                "attend: a decoder copies from what it attends to: leave copying and memory off, or attend on"
            )


class Sizes(NamedTuple):
    """The training part, in numbers.

    Attributes:
        pairs: how many there are.
        symbols: symbols of all sources and targets.
        tokens: how sources are split, and targets.
        shared: the mean share of a target's symbols that its source has too; 0 where they are split differently.
    """

    pairs: int
    symbols: int
    tokens: tuple[TokensName, TokensName]
    shared: float


def chosen(options: TranslatorOptions, sizes: Sizes) -> TranslatorOptions:
    """Return the options with what is left open chosen for the training part, all but the search of texts."""
    copying, memory = options.copying, options.memory
    if memory is None:
        memory = options.attend and options.validation_fraction > 0 and sizes.tokens[1] in ("words", "pieces")
    if copying is None:
        copying = options.attend and (memory or sizes.shared >= SHARED)
    source, target = sizes.tokens
    options = replace(options, source_tokens=source, target_tokens=target, copying=copying, memory=memory)
    return chosen_training(options, sizes.pairs, sizes.symbols)


def copies(options: TranslatorOptions) -> bool:
    """Return whether the decoder copies symbols of the source."""
    return bool(options.copying or options.memory)
