"""Define the captioner's network: a convolutional encoder and a recurrent decoder."""

from torch import Tensor, nn

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
        mean: of each channel over the training images, `(C,)`; images are shifted and scaled by it and `deviation`.
        deviation: standard deviation of each channel, `(C,)`.
        size: the number of symbols.
        options: the options of the captioner.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        features: int,
        mean: Tensor,
        deviation: Tensor,
        size: int,
        options: CaptionerOptions,
    ):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        # An encoder's vectors may be of any size; small ones would hardly move the state that the decoder begins with.
        self.norm = nn.LayerNorm(features)
        self.drop = nn.Dropout(options.dropout)
        self.decoder = Decoder(size, options, summary=features, attends=None)

    def see(self, images: Tensor) -> Source:
        """Return what the decoder writes from: images `(B, rows, columns, C)` of any type, as they were given."""
        scaled = (images.to(self.mean.dtype) - self.mean) / self.deviation
        seen = self.norm(self.encoder(scaled.permute(0, 3, 1, 2).contiguous()))
        return Source(self.decoder.first_state(self.drop(seen)), None)
