"""Small images to caption: scanned digits, and made shapes, counts, bars, letters and lines."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits

from benchmarks.unseen.splits import drawn
from benchmarks.unseen.table import Set, Split

Pixels = npt.NDArray[np.uint8]
Random = np.random.Generator
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
COLOURS = {"red": (220, 40, 40), "green": (40, 180, 60), "blue": (50, 80, 220), "yellow": (230, 210, 40)}
SIDE = 24


def digits(most: int = 600) -> Split:
    """Return scanned digits of 8 x 8, "a seven" or "an eight"."""
    found = load_digits()
    texts = [f"{'an' if k == 8 else 'a'} {NAMES[k]}" for k in found.target]
    return drawn(list((found.images * 15).astype(np.uint8)), texts, most=most)


def pairs(most: int = 800) -> Split:
    """Return two scanned digits side by side, "four and seven"."""
    found, random = load_digits(), np.random.default_rng(1)
    rows = random.integers(len(found.target), size=(most, 2))
    images = [np.hstack(found.images[row] * 15).astype(np.uint8) for row in rows]
    return drawn(images, [f"{NAMES[found.target[a]]} and {NAMES[found.target[b]]}" for a, b in rows])


def made(paint: Callable[[Random], tuple[Pixels, str]], count: int = 500) -> Split:
    """Return images that a function paints, with their texts."""
    random = np.random.default_rng(2)
    painted = [paint(random) for _ in range(count)]
    return drawn([image for image, _ in painted], [text for _, text in painted])


def shape(random: Random) -> tuple[Pixels, str]:
    """Paint a shape of some colour, size and place on noise."""
    name, colour = str(random.choice(["circle", "square", "triangle"])), str(random.choice(list(COLOURS)))
    up, left, size = int(random.integers(2)), int(random.integers(2)), int(random.integers(3, 6))
    x, y = (int(6 + 12 * side + random.integers(-1, 2)) for side in (left, up))
    image = Image.fromarray(_noise(random, (SIDE, SIDE, 3)))
    brush, box = ImageDraw.Draw(image), (x - size, y - size, x + size, y + size)
    if name == "circle":
        brush.ellipse(box, fill=COLOURS[colour])
    elif name == "square":
        brush.rectangle(box, fill=COLOURS[colour])
    else:
        brush.polygon([(x - size, y + size), (x + size, y + size), (x, y - size)], fill=COLOURS[colour])
    return np.asarray(image), f"a {colour} {name} at the {('top', 'bottom')[up]} {('left', 'right')[left]}"


def counted(random: Random) -> tuple[Pixels, str]:
    """Paint one to five dots."""
    image, count = _noise(random, (SIDE, SIDE)), int(random.integers(1, 6))
    for cell in random.permutation(16)[:count]:
        row, column = 6 * (cell // 4) + random.integers(1, 3), 6 * (cell % 4) + random.integers(1, 3)
        image[row : row + 3, column : column + 3] = random.integers(180, 256)
    return image, f"{NAMES[count]} dot{'s' * (count > 1)}"


def bars(random: Random) -> tuple[Pixels, str]:
    """Paint four bars and say which one is highest."""
    image, heights = _noise(random, (SIDE, SIDE)), random.permutation(np.array([4, 8, 12, 18])) + random.integers(0, 4)
    for place, height in enumerate(heights):
        image[SIDE - height :, 6 * place + 1 : 6 * place + 5] = random.integers(150, 256)
    return image, f"the {('first', 'second', 'third', 'fourth')[int(heights.argmax())]} bar is the highest"


def written(random: Random) -> tuple[Pixels, str]:
    """Write a short word of a dozen, somewhere."""
    word = str(random.choice(["cat", "dog", "sun", "tea", "map", "key", "bus", "hat", "pen", "cup", "jam", "fox"]))
    image = Image.fromarray(_noise(random, (16, 32)))
    where = int(random.integers(1, 8)), int(random.integers(0, 4))
    ImageDraw.Draw(image).text(where, word, fill=int(random.integers(180, 256)), font=ImageFont.load_default(10))
    return np.asarray(image), f"the word {word}"


def _noise(random: Random, shape: tuple[int, ...]) -> Pixels:
    return random.integers(0, 60, shape).astype(np.uint8)


SETS = [
    Set("digits", "600 scanned digits, scikit-learn", digits, (), True),
    Set("pairs", "two digits side by side, scikit-learn", pairs),
    Set("shapes", "made: colour, shape and place", lambda: made(shape), (), True),
    Set("dots", "made: counts", lambda: made(counted)),
    Set("bars", "made: the highest of four bars", lambda: made(bars)),
    Set("words", "made: a word of three letters", lambda: made(written)),
]
