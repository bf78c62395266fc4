"""Declare the options of the translator."""

from dataclasses import dataclass
from typing import Annotated

from elman.errors import InputError
from elman.models.estimator.options import WriterOptions
from elman.options import Bidirectional, Column, Flag, Help, LearningRate, SymbolDropout, Tokens, Unset


@dataclass(kw_only=True, eq=False, repr=False)
class TranslatorOptions(WriterOptions):
    """Options of `Translator`, with their defaults."""

    source: Annotated[Column, Help("Column to read."), Unset("source, src, input or from")] = None
    target: Annotated[Column, Help("Column to write."), Unset("target, translation, output or to")] = None
    source_tokens: Tokens = "auto"
    target_tokens: Tokens = "auto"
    bidirectional: Bidirectional = True
    attend: Annotated[bool, Help("Whether the decoder attends to the source."), Flag("--attend/--no-attend")] = True
    copying: Annotated[bool, Help("Whether symbols of the source can be copied.")] = False
    memory: Annotated[bool, Help("Whether a source near a known one is answered from the translation memory.")] = False
    symbol_dropout: SymbolDropout = 0.0
    learning_rate: LearningRate = 3e-3

    def _check_together(self) -> None:
        super()._check_together()
        if copies(self) and not self.attend:
            raise InputError(
                "attend: a decoder copies from what it attends to: leave copying and memory off, or attend on"
            )


def copies(options: TranslatorOptions) -> bool:
    """Return whether the decoder copies symbols of the source."""
    return options.copying or options.memory
