"""Caption an image as the nearest known one, pixel by pixel: a simple model that a network has to beat."""

import json
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.images import Images
from elman.errors import InputError

AT_ONCE = 256
"""Images that are compared with all known ones side by side."""


class NearestImage:
    """Gives the text of the known image with the least sum of squared differences of pixels."""

    name = "nearest image"

    def fit(self, images: Images, texts: Sequence[str]) -> Self:
        """Learn images `(n, rows, columns, C)` and their texts by heart."""
        self.images, self.texts = images, list(texts)
        self._known = _flat(images)
        self._norms = (self._known**2).sum(axis=1)
        return self

    def find(self, images: Images) -> tuple[list[str], npt.NDArray[np.float64]]:
        """Return the text of the nearest known image of each, and how near it is, `(n,)`: 0 for the same pixels."""
        places, nearness = [], []
        for at in range(0, len(images), AT_ONCE):
            some = _flat(images[at : at + AT_ONCE])
            distances = (some**2).sum(axis=1)[:, None] - 2 * (some @ self._known.T) + self._norms
            places.append(distances.argmin(axis=1))
            nearness.append(-distances.min(axis=1).clip(0))
        return [self.texts[place] for place in np.concatenate(places)], np.concatenate(nearness)

    def predict(self, images: Images) -> list[str]:
        """Return the text of the nearest known image of each."""
        return self.find(images)[0]

    def tensors(self) -> dict[str, Tensor]:
        """Return what a model's file has to hold: the images, and the bytes of the texts' JSON."""
        packed = np.frombuffer(json.dumps(self.texts).encode(), dtype=np.uint8).copy()
        return {"images": torch.from_numpy(np.ascontiguousarray(self.images)), "texts": torch.from_numpy(packed)}

    @classmethod
    def of(cls, tensors: dict[str, Tensor], shape: tuple[int, ...]) -> Self:
        """Return the model that `tensors` was made from.

        Args:
            tensors: what `tensors` gave, read from a file.
            shape: of an image, `(rows, columns, C)`.

        Raises:
            InputError: they are no such images, or not a text for each.
        """
        images, packed = tensors.get("images"), tensors.get("texts")
        real = images is not None and not images.is_complex() and bool(images.isfinite().all())
        if images is None or not real or tuple(images.shape[1:]) != shape or not len(images):
            got = "none" if images is None else f"{images.dtype} {tuple(images.shape)}"
            raise InputError(f"images: expected finite numbers, (n, {', '.join(map(str, shape))}), got {got}")
        try:
            if packed is None or packed.dtype != torch.uint8:
                raise ValueError
            texts = json.loads(packed.numpy().tobytes())
        except ValueError:
            texts = None
        if not isinstance(texts, list) or len(texts) != len(images) or not all(isinstance(one, str) for one in texts):
            raise InputError(f"texts: expected the JSON of {len(images)} texts, one for each image")
        return cls().fit(images.numpy(), texts)


def _flat(images: Images) -> npt.NDArray[np.float64]:
    return images.reshape(len(images), -1).astype(np.float64)
