"""Text on disk or in memory -> numbers, the training part first and the held-out tail after it.

The alphabet is that of the training part alone. A character that only the held-out part has was never seen, so that no
model can be asked for it: it is left out of the held-out part, and `Corpus.left_out` counts how many.

A text is read in pieces, twice: once to count it and see which characters it has, once to encode it with the smallest
integer type that holds the alphabet. Encoded text beyond `IN_MEMORY` bytes is written to a memory-mapped
temporary file that is deleted with the process, so that a text may be larger than memory.
"""

import codecs
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from elman.data.vocabulary import CODE_POINTS, Alphabet, code_points
from elman.errors import DataError, InputError
from elman.opening import opened
from elman.quoting import shown

IN_MEMORY = 64 * 2**20
PIECE = 2**20
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Corpus:
    """An encoded text.

    Attributes:
        alphabet: the characters of the training part.
        symbols: the whole text, shape `(N,)`, the smallest integer type that fits; maybe a memory map.
        split: where the held-out part begins.
        documents: where documents begin, ascending, shape `(number of documents - 1,)`.
        left_out: characters of the held-out part that the training part lacks.
    """

    alphabet: Alphabet
    symbols: npt.NDArray[np.unsignedinteger]
    split: int
    documents: npt.NDArray[np.int64]
    left_out: int

    @property
    def training(self) -> npt.NDArray[np.unsignedinteger]:
        """The training part."""
        return self.symbols[: self.split]

    @property
    def held_out(self) -> npt.NDArray[np.unsignedinteger]:
        """The tail that training never sees."""
        return self.symbols[self.split :]

    def fingerprint(self) -> str:
        """Return a digest of everything that training reads; the same text gives the same digest."""
        digest = hashlib.sha256(self.alphabet.characters.encode("utf-8", "surrogatepass"))
        digest.update(f"{len(self.symbols)},{self.split}".encode() + self.documents.tobytes())
        for begin in range(0, len(self.symbols), PIECE):
            digest.update(np.ascontiguousarray(self.symbols[begin : begin + PIECE]).data)
        return digest.hexdigest()[:16]


def read_text(text: str | Path, held_out: float = 0.1, separator: str | None = None, errors: str = "strict") -> Corpus:
    """Encode a text.

    Args:
        text: the text itself, or the path of a UTF-8 file.
        held_out: the share of the text, at its end, that is held out: 0 up to but not including 1.
        separator: a string that ends each document; None takes the text as one document.
        errors: what to do about bytes that are not UTF-8: "strict" refuses, "replace" reads each as U+FFFD.

    Raises:
        DataError: the file is missing or not readable, the text is empty or not UTF-8.
        InputError: the separator is empty, `errors` or `held_out` is out of range.
    """
    if not 0 <= held_out < 1:
        raise InputError(f"validation: expected a share from 0 up to 1, got {held_out}")
    if separator == "":
        raise InputError("separator: expected a string that ends each document, got an empty one")
    if errors not in ("strict", "replace"):
        raise InputError(f"errors: expected strict or replace, got {errors!r}")
    if not isinstance(text, str | Path):
        raise InputError(f"text: expected a text or the path of a file, got {type(text).__name__}: give a string")
    name = shown(text) if isinstance(text, Path) else "text"
    if isinstance(text, Path):
        return _encode(name, lambda: _pieces_of_file(text, errors), held_out, separator)
    return _encode(name, lambda: _pieces_of_string(text), held_out, separator)


def whole_text(path: Path, errors: str = "strict") -> str:
    """Return the text of a file; errors are those of `read_text`."""
    if errors not in ("strict", "replace"):
        raise InputError(f"errors: expected strict or replace, got {errors!r}")
    return "".join(_pieces_of_file(path, errors))


def _pieces_of_string(text: str) -> Iterator[str]:
    for begin in range(0, len(text), PIECE):
        yield text[begin : begin + PIECE]


def _pieces_of_file(path: Path, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    done = 0
    try:
        with opened(path) as file:
            while data := file.read(PIECE):
                pending = len(decoder.getstate()[0])
                text = decoder.decode(data)
                yield text.removeprefix(BYTE_ORDER_MARK) if done == 0 else text
                done += len(data)
            pending, data = len(decoder.getstate()[0]), b""
            yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        byte, at = error.object[error.start], done - pending + error.start
        raise DataError(
            f"{shown(path)}: not UTF-8: byte 0x{byte:02x} at offset {at}: convert the file, or read on with "
            "--errors replace"
        ) from error


def _encode(name: str, pieces: Callable[[], Iterator[str]], held_out: float, separator: str | None) -> Corpus:
    total, first_seen = _survey(pieces())
    if total == 0:
        raise DataError(f"{name}: the text is empty: give a text to learn from")
    split = total - int(total * held_out)
    seen = np.flatnonzero((first_seen >= 0) & (first_seen < split))
    alphabet = Alphabet(map(chr, seen.tolist()))
    symbols = _room(total, alphabet.dtype)
    documents: list[int] = []
    written = read = 0
    for piece, ends in _by_document(pieces(), separator):
        known = alphabet.known(piece)
        read += len(piece)
        if read > total or (read <= split and len(known) < len(piece)):
            break
        symbols[written : written + len(known)] = known
        written += len(known)
        if ends:
            documents.append(written)
    if read != total:
        raise DataError(f"{name}: the text changed while it was read: start again once it is complete")
    return Corpus(alphabet, symbols[:written], split, np.array(documents, dtype=np.int64), total - written)


def _survey(pieces: Iterator[str]) -> tuple[int, npt.NDArray[np.int64]]:
    """Return the number of characters, and where each code point is met first (-1: nowhere)."""
    first_seen = np.full(CODE_POINTS, -1, dtype=np.int64)
    total = 0
    for piece in pieces:
        found, places = np.unique(code_points(piece), return_index=True)
        new = first_seen[found] < 0
        first_seen[found[new]] = total + places[new]
        total += len(piece)
    return total, first_seen


def _room(length: int, dtype: np.dtype[np.unsignedinteger]) -> npt.NDArray[np.unsignedinteger]:
    """Return an array to fill, in memory or in a mapped temporary file."""
    if length * dtype.itemsize <= IN_MEMORY:
        return np.empty(length, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype, mode="w+", shape=(length,))


def _by_document(pieces: Iterator[str], separator: str | None) -> Iterator[tuple[str, bool]]:
    """Yield pieces and whether a document ends after each; a separator may span two pieces."""
    if separator is None:
        yield from ((piece, False) for piece in pieces)
        return
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + piece).split(separator)
        yield from ((document + separator, True) for document in whole)
        keep = len(rest) - (len(separator) - 1)
        if keep > 0:
            yield rest[:keep], False
            rest = rest[keep:]
    yield rest, False
