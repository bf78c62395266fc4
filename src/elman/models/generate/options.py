"""Declare the options of the text generator."""

from dataclasses import dataclass
from typing import Annotated

from elman.errors import InputError
from elman.options import Help, HiddenSize, NumLayers, Range, RecurrentOptions, Unset, Zero


@dataclass(kw_only=True, eq=False, repr=False)
class TextOptions(RecurrentOptions):
    """Options of `TextGenerator`, with their defaults: the recipe for a text of about a million characters."""

    hidden_size: HiddenSize = 256
    num_layers: NumLayers = 2
    embedding_dim: Annotated[
        int | None,
        Range(ge=1, le=65536),
        Help("Size of the vector learned for each character."),
        Zero("characters are fed one-hot"),
    ] = 64
    k1: Annotated[int, Range(ge=1), Help("Characters between two updates.")] = 128
    k2: Annotated[int | None, Range(ge=1), Help("Characters that gradients reach back, k1 or more."), Unset("k1")] = (
        None
    )
    separator: Annotated[
        str | None,
        Range(min_length=1),
        Help("String that ends each document in the text; the state is reset after it."),
        Unset("one document"),
    ] = None

    def _check_together(self) -> None:
        super()._check_together()
        if self.k2 is not None and self.k2 < self.k1:
            raise InputError(f"k2: expected k1 = {self.k1} or more, got {self.k2}: a gradient has to cover its window")
