"""Read captioned images, split them, and encode both parts. All that is learned is learned from the training part."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from elman.data.images import Images, as_images
from elman.data.items import as_texts
from elman.data.sequences import Rows, Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tokenizer import Tokenizer
from elman.errors import DataError
from elman.models.caption.files import Captioned, read_captioned
from elman.models.caption.options import CaptionerOptions, chosen
from elman.models.estimator.preprocess import PreparedData
from elman.models.networks.decoding import check_targets


@dataclass(frozen=True)
class Encoded:
    """Images, and their texts as numbers.

    Attributes:
        images: shape `(n, rows, columns, C)`.
        targets: what should be written, each with its end.
    """

    images: Images
    targets: Sequences

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every image and every text."""
        return {"images": Sequences.of(list(self.images)).fingerprint(), "texts": self.targets.fingerprint()}


@dataclass(frozen=True)
class Preprocessor:
    """Encode texts as numbers and see that images have the shape of those of training.

    Attributes:
        tokenizer: how texts become symbols.
        shape: rows, columns and channels of the images.
        commonest: the most frequent text of the training part.
        longest: symbols of its longest text, the end included.
    """

    tokenizer: Tokenizer
    shape: tuple[int, ...]
    commonest: str
    longest: int

    @classmethod
    def from_state(cls, content: dict[str, Any]) -> "Preprocessor":
        """Return the preprocessor that `content` was made from."""
        tokenizer = Tokenizer.from_state(content["tokenizer"])
        return cls(tokenizer, tuple(content["shape"]), content["commonest"], content["longest"])

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {
            "tokenizer": self.tokenizer.content(),
            "shape": self.shape,
            "commonest": self.commonest,
            "longest": self.longest,
        }

    def read(self, X: Any) -> Images:
        """Return images as one array.

        Raises:
            DataError: they differ in size from each other or from those of training.
        """
        images = as_images(X)
        if images.shape[1:] != self.shape:
            raise DataError(f"images: expected {self.shape} as in training, got {images.shape[1:]}: resize them")
        return images

    def encode(self, images: Images, texts: list[str]) -> Encoded:
        """Return images and their texts in numbers."""
        return Encoded(images, self.tokenizer.read_targets(texts))


@dataclass(frozen=True)
class Prepared(PreparedData[Encoded, Preprocessor]):
    """The data of one training. Duplicates are images that are the same pixel by pixel.

    Attributes:
        images: all images, training part and held-out part.
        texts: their texts.
        held_out_rows: which of them are held out.
        options: the options, with what was left open chosen for the training part.
        columns: the columns or arrays of the file that was read; None where `X` and `y` were given.
    """

    images: Images
    texts: list[str]
    held_out_rows: Rows
    options: CaptionerOptions
    columns: tuple[str, str] | None


def prepare(X: Any, y: Any, options: CaptionerOptions) -> Prepared:
    """Read images and texts, split them, and encode both parts.

    Args:
        X: the images; or a file that holds the texts too, see `models/caption/files.py`.
        y: a text for each; None with a file.
        options: the options of the captioner.

    Raises:
        DataError: images differ in size, texts are missing or empty, there are more or fewer texts than images, or all
            texts are the same.
    """
    images, texts, columns = read_examples(X, y, (options.image, options.caption))
    training, held_out = split_rows(len(images), options.validation_fraction, options.split, options.seed)
    learned = pick(texts, training)
    tokenizer = Tokenizer.fit(learned, options.tokens, options.min_count)
    lengths, shape = tokenizer.read_targets(learned).lengths, images.shape[1:]
    commonest = Counter(learned).most_common(1)[0][0]
    preprocessor = Preprocessor(tokenizer, shape, commonest, int(lengths.max()))
    return Prepared(
        preprocessor.encode(images[training], learned),
        preprocessor.encode(images[held_out], pick(texts, held_out)) if len(held_out) else None,
        preprocessor,
        count_duplicates(images[training], images[held_out]),
        images,
        texts,
        held_out,
        chosen(options, shape, len(learned), int(lengths.sum()), tokenizer.kind),
        columns,
    )


def read_examples(X: Any, y: Any, columns: tuple[str | None, str | None]) -> Captioned:
    """Return images and texts, from two arguments or, with `y` None, from those columns of a file.

    Raises:
        DataError: as `prepare` does.
    """
    found = read_captioned(X, *columns) if y is None else Captioned(as_images(X), as_texts(y, "y"), None)
    check_targets(found.texts, len(found.images))
    return found
