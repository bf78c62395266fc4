"""Declare the options of the captioner, and choose those that are left open."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from elman.models.estimator.options import WriterOptions, chosen_training
from elman.options import (
    SIZES,
    Column,
    Help,
    LearningRate,
    PythonOnly,
    Range,
    Search,
    Tokens,
    TokensName,
    Unsaved,
    Unset,
)

SIDE_OF_SHIFT, MOST_SHIFT = 16, 2
"""An image is moved by one pixel for as many of its shorter side, and by no more than the second by default."""


@dataclass(kw_only=True, eq=False, repr=False)
class CaptionerOptions(WriterOptions):
    """Options of `Captioner`, with their defaults."""

    image: Annotated[
        Column, Help("Array of images, or column of their files."), Unset("images, image, file or path")
    ] = None
    caption: Annotated[Column, Help("Array or column of texts."), Unset("captions, caption, text or labels")] = None
    tokens: Tokens = "auto"
    features: Annotated[int, Range(ge=1, le=65536), SIZES, Help("Size of the vector that an image becomes.")] = 128
    shift: Annotated[
        int | None,
        Range(ge=0, le=1024),
        Search(0, 4),
        Help("Pixels by which images are moved at most, at random, in training; images are never mirrored."),
        Unset(f"a pixel for {SIDE_OF_SHIFT} of the shorter side, {MOST_SHIFT} at most"),
    ] = None
    encoder: Annotated[
        Any,
        PythonOnly,
        Unsaved,
        Help("A module that maps images to vectors, which no file holds."),
        Unset("a small convolutional network"),
    ] = None
    learning_rate: LearningRate = 3e-3


def chosen(
    options: CaptionerOptions, shape: tuple[int, ...], texts: int, symbols: int, tokens: TokensName
) -> CaptionerOptions:
    """Return the options with what is left open chosen for the training part, all but the search of texts.

    Args:
        options: the options.
        shape: rows, columns and channels of an image.
        texts: how many images and texts there are.
        symbols: symbols of all texts.
        tokens: how texts are split.
    """
    shift = min(min(shape[:2]) // SIDE_OF_SHIFT, MOST_SHIFT) if options.shift is None else options.shift
    # An image costs about as much as a symbol for four of its pixels.
    work = symbols + texts * shape[0] * shape[1] // 4
    return chosen_training(replace(options, shift=shift, tokens=tokens), texts, work)
