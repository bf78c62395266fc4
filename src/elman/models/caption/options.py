"""Declare the options of the captioner."""

from dataclasses import dataclass
from typing import Annotated, Any

from elman.models.estimator.options import WriterOptions
from elman.options import Column, Help, PythonOnly, Range, Tokens, Unsaved, Unset


@dataclass(kw_only=True, eq=False, repr=False)
class CaptionerOptions(WriterOptions):
    """Options of `Captioner`, with their defaults."""

    image: Annotated[
        Column, Help("Array of images, or column of their files."), Unset("images, image, file or path")
    ] = None
    caption: Annotated[Column, Help("Array or column of texts."), Unset("captions, caption, text or labels")] = None
    tokens: Tokens = "auto"
    features: Annotated[int, Range(ge=1, le=65536), Help("Size of the vector that an image becomes.")] = 128
    encoder: Annotated[
        Any,
        PythonOnly,
        Unsaved,
        Help("A module that maps images to vectors, which no file holds."),
        Unset("a small convolutional network"),
    ] = None
