"""Captioned images on disk: a .npz file of arrays, or a table with a column of image files.

A .npz file has all images in one array (`images`) and a text for each in another (`captions`, `texts` or `labels`). A
table (.csv, .tsv, .jsonl, .parquet) has in each row the path of an image, from the table's own folder on, and a text.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elman.data.images import Images, array_names, as_images, read_arrays, read_image_files
from elman.data.tables import Table, read_table, stream_table
from elman.data.wording import as_texts
from elman.errors import DataError

IMAGES, CAPTIONS = ("images", "image", "file", "path"), ("captions", "caption", "texts", "text", "labels", "label")
ROWS = 1000
"""Images that are read at once."""


class ImagePiece(NamedTuple):
    """Some images, and what each is called: its path in a table, its number, from 1, in an array."""

    names: list[Any]
    images: Images


class Captioned(NamedTuple):
    """Images and their texts, and the names of the columns or arrays that held them."""

    images: Images
    texts: list[str]
    columns: tuple[str, str]


def is_file(source: Any) -> bool:
    """Say whether images come from a file rather than from arrays."""
    return isinstance(source, str | os.PathLike)


def read_captioned(source: Any, image: str | None, caption: str | None) -> Captioned:
    """Read all images of a file and their texts.

    Args:
        source: a .npz file, or a table: a path or a frame.
        image: the column or array of images; None guesses.
        caption: the column or array of texts; None guesses.

    Raises:
        DataError: something is missing or broken, or images differ in size; the message says where.
    """
    if _is_npz(source):
        path = Path(source)
        first = _array_name(path, "image", image, IMAGES)
        second = _array_name(path, "caption", caption, CAPTIONS)
        images, texts = read_arrays(path, (first, second))
        if len(images) != len(texts):
            raise DataError(
                f"{path}: {len(images)} images in {first!r}, {len(texts)} texts in {second!r}: give as many"
            )
        return Captioned(as_images(images), as_texts([str(text) for text in texts.tolist()], second), (first, second))
    table = read_table(source)
    columns = table.column("image", image, IMAGES), table.column("caption", caption, CAPTIONS)
    return Captioned(read_image_files(_paths(table, columns[0], source)), table.texts(columns[1]), columns)


def stream_images(source: Any, column: str) -> Iterator[ImagePiece]:
    """Read the images of a file piece by piece; `column` is the column or array. Errors are those of above."""
    if _is_npz(source):
        path = Path(source)
        (images,) = read_arrays(path, (_array_name(path, "image", column, IMAGES),))
        for begin in range(0, len(images), ROWS):
            some = as_images(images[begin : begin + ROWS])
            yield ImagePiece(np.arange(begin + 1, begin + 1 + len(some)).tolist(), some)
        return
    for table in stream_table(source, ROWS):
        name = table.column("image", column)
        yield ImagePiece(table.texts(name), read_image_files(_paths(table, name, source)))


def _paths(table: Table, column: str, source: Any) -> list[Path]:
    folder = Path(source).parent if is_file(source) else Path()
    return [folder / name for name in table.texts(column)]


def _is_npz(source: Any) -> bool:
    return is_file(source) and Path(source).suffix.lower() == ".npz"


def _array_name(path: Path, option: str, given: str | None, usual: tuple[str, ...]) -> str:
    there = array_names(path)
    if given is not None:
        return given
    found = [name for name in there if name.lower() in usual]
    if len(found) != 1:
        raise DataError(f"{path}: which array is the {option}? Name one of {', '.join(there)}")
    return found[0]
