"""Images as arrays: one size, grey or colour, from arrays or from files."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from elman.errors import DataError

Images: TypeAlias = npt.NDArray[Any]
"""Shape `(n, rows, columns, channels)`, 1 channel or 3."""
SMALLEST = 4


def as_images(images: Any) -> Images:
    """Return images as one array.

    Args:
        images: an array `(n, rows, columns)` or `(n, rows, columns, C)` with C 1 or 3, or a list of such images.

    Raises:
        DataError: the images differ in size, have another shape, or hold something other than finite numbers.
    """
    if not isinstance(images, np.ndarray):
        if isinstance(images, str | bytes | dict | set) or not hasattr(images, "__iter__"):
            raise DataError(f"images: expected an array or a list of images, got {type(images).__name__}: give a list")
        try:
            images = _stacked([np.asarray(image) for image in images])
        except ValueError as error:  # rows of unequal length
            raise DataError("images: expected rows of equal length in each image: give arrays") from error
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or min(images.shape[1:3]) < SMALLEST or not len(images):
        raise DataError(
            f"images: expected (n, rows, columns) grey or (n, rows, columns, 3) colour, {SMALLEST} pixels a side or "
            f"more, came {images.shape}: reshape or resize them"
        )
    if images.dtype.kind not in "uifb" or (images.dtype.kind == "f" and not np.isfinite(images).all()):
        raise DataError(f"images: expected finite numbers, came {images.dtype}: mend or convert them")
    checked: Images = images
    return checked


def read_image_files(paths: Sequence[Path]) -> Images:
    """Return image files as one array of bytes; grey ones have 1 channel, all others 3.

    Raises:
        DataError: a file is missing or no image, or the images differ in size or in colour.
    """
    return as_images([_read_image(path) for path in paths])


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays in a .npz file.

    Raises:
        DataError: the file is missing or broken.
    """
    with _opened(path) as file:
        return list(file.files)


def read_arrays(path: Path, names: Iterable[str]) -> list[npt.NDArray[Any]]:
    """Return arrays of a .npz file by name; nothing is unpickled.

    Raises:
        DataError: the file is missing or broken, or an array is not there or is no plain array.
    """
    with _opened(path) as file:
        for name in names:
            if name not in file.files:
                raise DataError(f"{path}: no array {name!r}: name one of {', '.join(file.files)}")
        return [file[name] for name in names]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if not hasattr(file, "files"):
                raise ValueError("a single array")
            yield file
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file: check the path") from error
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DataError(f"{path}: not a .npz file of plain arrays ({error}): check the file") from error


def _stacked(images: list[npt.NDArray[Any]]) -> Images:
    for at, image in enumerate(images, 1):
        if image.shape != images[0].shape:
            raise DataError(
                f"images: expected one size, came {images[0].shape} first and {image.shape} in image {at}: resize them"
            )
    return np.stack(images) if images else np.empty((0, 0, 0))


def _read_image(path: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as file:
            return np.asarray(file.convert("L" if file.mode in ("1", "L", "LA", "I;16") else "RGB"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such image: check the table's image column") from error
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{path}: not an image that can be read ({error}): check the file") from error
