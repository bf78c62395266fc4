"""Define the captioner's network: a convolutional encoder and a recurrent decoder."""

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.images import Images
from elman.models.caption.options import CaptionerOptions
from elman.models.networks.decoder import Decoder, Source

CHANNELS = (32, 64)
GRID = 4
"""Rows and columns that the small encoder pools its features to, whatever the size of the image."""


class SmallImageEncoder(nn.Module):
    """Two convolutions, each followed by pooling; for images of some dozens of pixels a side.

    Args:
        channels: 1 for grey images, 3 for colour.
        features: the length of the vectors, F.
    """

    def __init__(self, channels: int, features: int):
        super().__init__()
        first, second = CHANNELS
        self.layers = nn.Sequential(
            nn.Conv2d(channels, first, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(first, second, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(GRID),
            nn.Flatten(),
            nn.Linear(second * GRID * GRID, features),
            nn.ReLU(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return vectors `(B, F)` of images `(B, C, rows, columns)`."""
        seen: Tensor = self.layers(images)
        return seen


class ImageToText(nn.Module):
    """Write symbols for an image (Vinyals et al. 2015, arXiv 1411.4555).

    Args:
        encoder: takes images `(B, C, rows, columns)` and returns vectors `(B, F)`.
        features: F.
        channels: C; images are shifted by the mean of each, and scaled by its standard deviation, see `fit_scale`.
        size: the number of symbols.
        options: the options of the captioner.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, encoder: nn.Module, features: int, channels: int, size: int, options: CaptionerOptions):
        super().__init__()
        self.encoder, self.shift = encoder, options.shift or 0
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        # An encoder's vectors may be of any size; small ones would hardly move the state that the decoder begins with.
        self.norm = nn.LayerNorm(features)
        self.drop = nn.Dropout(options.dropout)
        self.decoder = Decoder(size, options, summary=features, attends=None)

    def fit_scale(self, images: Images) -> None:
        """Measure each channel of the training images, shape `(n, rows, columns, C)`; 1 scales one that never changes.

        Set `mean` and `deviation`, both `(C,)`.
        """
        pixels = images.reshape(-1, images.shape[-1])
        mean, deviation = pixels.mean(axis=0, dtype=np.float64), pixels.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1
        self.mean.copy_(torch.from_numpy(mean))
        self.deviation.copy_(torch.from_numpy(deviation))

    def see(self, images: Tensor) -> Source:
        """Return what the decoder writes from: images `(B, rows, columns, C)` of any type, as they were given."""
        scaled = ((images.to(self.mean.dtype) - self.mean) / self.deviation).permute(0, 3, 1, 2)
        if self.training and self.shift:
            scaled = shifted(scaled, self.shift)
        seen = self.norm(self.encoder(scaled.contiguous()))
        return Source(self.decoder.first_state(self.drop(seen)), None)


def shifted(images: Tensor, most: int) -> Tensor:
    """Return images `(B, C, rows, columns)`, each moved at random by so many pixels at most, each way.

    What moves in from outside repeats the border. Meaning may hang on sides and on left and right, so that nothing is
    mirrored.
    """
    rows, columns = images.shape[2:]
    padded = nn.functional.pad(images, (most, most, most, most), mode="replicate")
    windows = padded.unfold(2, rows, 1).unfold(3, columns, 1)
    down, right = torch.randint(2 * most + 1, (2, len(images)), device=images.device)
    return windows[torch.arange(len(images), device=images.device), :, down, right]
