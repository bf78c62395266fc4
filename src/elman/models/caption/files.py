"""Read captioned images from disk: a .npz file of arrays, or a table with a column of image files.

A .npz file has all images in one array (`images`) and a text for each in another (`captions`, `texts` or `labels`). A
table (.csv, .tsv, .jsonl, .parquet) has in each row the path of an image, from the table's own folder on, and a text.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from elman.data.archives import array_names, read_arrays
from elman.data.images import Images, as_images, read_image_files
from elman.data.items import as_texts
from elman.data.part import Part
from elman.data.splits import pick
from elman.data.tables import Table, read_table, stream_table
from elman.errors import DataError
from elman.quoting import listed, quote

IMAGES, CAPTIONS = ("images", "image", "file", "path"), ("captions", "caption", "texts", "text", "labels", "label")
ROWS = 1000
"""Images that are read at once."""


class ImagePiece(NamedTuple):
    """Some images, and what each is called: its path in a table, its number, from 1, in an array."""

    names: list[Any]
    images: Images


class Captioned(NamedTuple):
    """Images and their texts, and the names of the columns or arrays that held them; None where no file did."""

    images: Images
    texts: list[str]
    columns: tuple[str, str] | None


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
        images, captions = read_arrays(path, (first, second))
        texts = _texts(path, second, captions)
        if images.ndim == 0 or len(images) != len(texts):
            raise DataError(
                f"{path}: array {quote(first)} has the shape {images.shape}, and {quote(second)} has {len(texts)} "
                "texts: give as many"
            )
        if isinstance(source, Part):
            images, texts = images[source.rows], pick(texts, source.rows)
        return Captioned(as_images(images), as_texts(texts, quote(second)), (first, second))
    table = read_table(source)
    columns = table.column("image", image, IMAGES), table.column("caption", caption, CAPTIONS)
    return Captioned(_read_files(table, columns[0], source), table.texts(columns[1]), columns)


def stream_images(source: Any, column: str) -> Iterator[ImagePiece]:
    """Read the images of a file piece by piece; `column` is the column or array. Errors are those of above."""
    if _is_npz(source):
        path = Path(source)
        images = as_images(read_arrays(path, (_array_name(path, "image", column, IMAGES),))[0])
        for begin in range(0, len(images), ROWS):
            some = images[begin : begin + ROWS]
            yield ImagePiece(list(range(begin + 1, begin + 1 + len(some))), some)
        return
    for table in stream_table(source, ROWS):
        name = table.column("image", column)
        yield ImagePiece(table.texts(name), _read_files(table, name, source))


def _read_files(table: Table, column: str, source: Any) -> Images:
    folder = Path(source).parent if is_file(source) else Path()
    return read_image_files(folder, table.texts(column), table.first, table.name)


def _texts(path: Path, name: str, captions: Any) -> list[str]:
    """Return an array of texts as a list; whole numbers are written out, and bytes are UTF-8."""
    where = f"{path}: array {quote(name)}"
    if captions.ndim != 1 or captions.dtype.kind not in "biuUS":
        raise DataError(
            f"{where}: expected a text for each image, shape (n,), got {captions.dtype}, shape {captions.shape}: "
            "save it as numpy.array of a list of texts"
        )
    try:
        return [text.decode() if isinstance(text, bytes) else str(text) for text in captions.tolist()]
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: expected texts, got bytes that are no UTF-8: save texts") from error


def _is_npz(source: Any) -> bool:
    return is_file(source) and Path(source).suffix.lower() == ".npz"


def _array_name(path: Path, option: str, given: str | None, usual: tuple[str, ...]) -> str:
    there = array_names(path)
    if given is not None:
        return given
    found = [name for name in there if name.lower() in usual]
    if len(found) != 1:
        raise DataError(f"{path}: which array is the {option}? Name one of {listed(there)}")
    return found[0]
