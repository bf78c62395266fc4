"""Define the captioner's network: a convolutional encoder and a recurrent decoder."""

from torch import Tensor, nn

from elman.models.networks.decoder import Decoder, Source

CHANNELS = (32, 64)
GRID = 4
"""Rows and columns that the small encoder pools its features to, whatever the size of the image."""


class SmallImageEncoder(nn.Module):
    """Two convolutions, each followed by pooling; for images of some dozens of pixels a side.

    Args:
        channels: 1 for grey images, 3 for colour.
        features: the length of the vector that comes out, F.
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
        """Return what was seen, `(B, F)`, from images `(B, C, rows, columns)`."""
        seen: Tensor = self.layers(images)
        return seen


class ImageToText(nn.Module):
    """Sees an image and writes symbols (Vinyals et al. 2015, arXiv 1411.4555).

    Args:
        encoder: takes images `(B, C, rows, columns)` and returns vectors `(B, F)`.
        features: F.
        mean: of each channel over the training images, `(C,)`; images are shifted and scaled by it and `deviation`.
        deviation: standard deviation of each channel, `(C,)`.
        size: the number of symbols.
        cell: "rnn", "gru" or "lstm".
        hidden_size: the size of a layer's state.
        num_layers: the number of recurrent layers.
        embedding_dim: the length of a symbol's vector.
        dropout: the share of features dropped while training.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        features: int,
        mean: Tensor,
        deviation: Tensor,
        *,
        size: int,
        cell: str,
        hidden_size: int,
        num_layers: int,
        embedding_dim: int,
        dropout: float,
    ):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        # An encoder's vectors may be of any size; small ones would hardly move the state that the decoder begins with.
        self.norm = nn.LayerNorm(features)
        self.drop = nn.Dropout(dropout)
        self.decoder = Decoder(
            size,
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
            embedding_dim=embedding_dim,
            dropout=dropout,
            summary=features,
            attends=None,
        )

    def see(self, images: Tensor) -> Source:
        """Return what the decoder writes from: images `(B, rows, columns, C)` of any type, as they were given."""
        scaled = (images.to(self.mean.dtype) - self.mean) / self.deviation
        seen = self.norm(self.encoder(scaled.permute(0, 3, 1, 2).contiguous()))
        return Source(self.decoder.first_state(self.drop(seen)), None)
