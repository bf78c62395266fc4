"""Images as arrays of one size, grey or colour, and image files that are read as such.

Only formats that hold pixels are opened, and sizes are checked before anything is decoded.

Grey images are read with 1 channel and all others with 3, from 0 to 255; images of 16 bits are scaled to that range and
keep their fractions. The numbers of 32-bit images are taken as they are. What is transparent is shown on white, and the
rotation that a camera notes (EXIF) is applied.
"""

import stat
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.limits import IMAGE_FILE_BYTES, IMAGE_PIXELS, IMAGES_BYTES
from elman.quoting import quote, said

Images: TypeAlias = npt.NDArray[Any]
"""Shape `(n, rows, columns, channels)`, 1 channel or 3."""
SMALLEST = 4
LARGEST = 1e37
"""No value may be larger: networks compute in float32, which ends at 3.4e38."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""The formats that are tried. Others that Pillow knows run programs on the file (EPS) or hold no pixels."""
_ORIENTATION = 0x0112
_TO_BYTE = 65535 / 255
Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


def as_images(images: Any) -> Images:
    """Return images as one array.

    Args:
        images: an array `(n, rows, columns)` or `(n, rows, columns, C)` with C 1 or 3, or a list of such images.

    Raises:
        DataError: the images differ in size, have another shape, or hold something other than finite numbers.
    """
    if not isinstance(images, np.ndarray):
        images = _stacked(images)
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or min(images.shape[1:3]) < SMALLEST or not len(images):
        raise DataError(
            f"images: expected (n, rows, columns) grey or (n, rows, columns, 3) colour, {SMALLEST} pixels a side or "
            f"more, got {images.shape}: reshape or resize them"
        )
    if images.shape[1] * images.shape[2] > IMAGE_PIXELS:
        raise DataError(f"images: {images.shape[1:3]} pixels each, the limit is {IMAGE_PIXELS:,}: resize them")
    return _numbers(images)


def _numbers(images: npt.NDArray[Any]) -> Images:
    """Return numbers that torch takes: of at most 64 bits, in the machine's byte order, finite as float32."""
    if images.dtype.kind not in "uifb":
        raise DataError(f"images: expected finite numbers, got {quote(str(images.dtype))}: mend or convert them")
    if images.dtype.kind == "f":
        least, most = float(images.min()), float(images.max())
        if not (least >= -LARGEST and most <= LARGEST):  # not a number is neither
            raise DataError(
                f"images: expected finite numbers up to {LARGEST:.0e}, got {least:g} to {most:g}: mend or convert them"
            )
        if images.dtype.itemsize > 8:
            images = images.astype(np.float64)
    native: Images = images.astype(images.dtype.newbyteorder("="), copy=False)
    return native


def _stacked(images: Any) -> Images:
    try:
        found = [np.asarray(image) for image in images]
    except (TypeError, ValueError) as error:  # not iterable; or a list of lists of unequal lengths
        raise DataError(f"images: expected arrays of one size, got {quote(images)}: give an array or a list") from error
    for at, image in enumerate(found, 1):
        if image.shape != found[0].shape:
            raise DataError(
                f"images: expected one size, got {found[0].shape} first and {image.shape} in image {at}: resize them"
            )
    return np.stack(found) if found else np.empty((0, 0, 0))


def read_image_files(folder: Path, names: Sequence[str], first: int = 1, table: str = "images") -> Images:
    """Return image files as one array of bytes, or of float32 where one has more than 8 bits.

    Args:
        folder: where the names begin.
        names: paths of the files.
        first: the number of the first one's row in its table, for messages.
        table: the table's name, for messages.

    Raises:
        DataError: a file is missing, no image or beyond the limits, or the images differ in size or in colour.
    """
    found: Any = np.empty((0, 0, 0))
    for at, name in enumerate(names):
        where = f"{table}: row {first + at}: image {quote(name)}"
        image = _read_image(where, folder / name)
        if at == 0:
            _check_total(where, image, len(names))
            found = np.empty((len(names), *image.shape), image.dtype)
        if image.shape != found.shape[1:]:
            raise DataError(
                f"{where}: expected the size of the first, {found.shape[1:]}, got {image.shape}: resize or convert it"
            )
        found = found if image.dtype == found.dtype else found.astype(np.float32)
        found[at] = image
    return as_images(found)


def _check_total(where: str, image: Pixels, count: int) -> None:
    if count * image.nbytes > IMAGES_BYTES:
        raise DataError(
            f"{where}: {count:,} images of the size {image.shape} are more than the limit of {IMAGES_BYTES:,} bytes: "
            "resize them, or give fewer"
        )


def _read_image(where: str, path: Path) -> Pixels:
    from PIL import Image

    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{where}: not a file: check the table's image column")
        if status.st_size > IMAGE_FILE_BYTES:
            raise DataError(f"{where}: {status.st_size:,} bytes, the limit is {IMAGE_FILE_BYTES:,}: make it smaller")
        with warnings.catch_warnings():
            # Pillow's warning about size is stricter below, an error; others are about notes that are not read here.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as file:
                _check_size(where, file)
                return _pixels(where, file)
    except FileNotFoundError as error:
        raise DataError(f"{where}: no such image: check the table's image column") from error
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{where}: more than the limit of {IMAGE_PIXELS:,} pixels: resize it") from error
    # Pillow's plugins parse each format by hand, and hand on whatever that raises: SyntaxError, struct.error, KeyError,
    # zlib.error, OverflowError, ... A path may be too long, or hold a NUL (ValueError).
    except Exception as error:
        # Pillow repeats the path, however long it is.
        reason = type(error).__name__ if str(path)[:40] in str(error) else said(error)
        raise DataError(
            f"{where}: not an image that can be read ({reason}): give one of {', '.join(FORMATS)}"
        ) from error


def _check_size(where: str, file: Any) -> None:
    columns, rows = file.size
    if columns * rows > IMAGE_PIXELS:
        raise DataError(f"{where}: {rows:,} x {columns:,} pixels, the limit is {IMAGE_PIXELS:,}: resize it")


def _pixels(where: str, file: Any) -> Pixels:
    """Decode an image, shape `(rows, columns)` or `(rows, columns, 3)`."""
    file.load()
    if file.mode.startswith("I;16"):
        pixels = np.asarray(file).astype(np.float32) / np.float32(_TO_BYTE)
    elif file.mode in ("I", "F"):
        scale = _TO_BYTE if file.format in ("PNG", "PPM") and file.mode == "I" else 1
        pixels = np.asarray(file).astype(np.float32) / np.float32(scale)
        if not np.isfinite(pixels).all():
            raise DataError(f"{where}: expected finite numbers, got others: mend or convert it")
    else:
        pixels = np.asarray(_on_white(file))
    return _turned(pixels, _orientation(file))


def _on_white(file: Any) -> Any:
    """Return an image in "L" or "RGB"; what shows through is white."""
    from PIL import Image

    grey = file.mode in ("1", "L", "LA", "La")
    if "transparency" not in file.info and not file.mode.endswith(("A", "a")):
        return file.convert("L" if grey else "RGB")
    seen = file.convert("RGBA")
    white = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(white, seen).convert("L" if grey else "RGB")


def _orientation(file: Any) -> int:
    """Return what EXIF says of the rotation: 1, none, where it says nothing or cannot be read."""
    try:
        found = file.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is parsed by hand, as images are; it is a note, and the pixels are there without it.
        return 1
    return found if isinstance(found, int) else 1


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """Return pixels upright; the eight orientations are those of EXIF."""
    turns = {
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, -1),
        7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
        8: lambda p: np.rot90(p, 1),
    }
    return turns[orientation](pixels) if orientation in turns else pixels
