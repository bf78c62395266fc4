"""Images as arrays: one size, grey or colour."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.limits import IMAGE_PIXELS
from elman.quoting import quote

Images: TypeAlias = npt.NDArray[Any]
"""Shape `(n, rows, columns, channels)`, 1 channel or 3."""
SMALLEST = 4
LARGEST = 1e37
"""No value may be larger: networks compute in float32, which ends at 3.4e38."""


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
