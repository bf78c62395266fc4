"""Define the state of a stream outside of it: numbers, the model they belong to, and the bytes of both."""

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import InputError
from elman.quoting import printable, shorten

VERSION = 1
_MAGIC = b"elman stream state\n"
_HEADER = struct.Struct("<II")  # version, and bytes of the JSON after it
_CHECKSUM = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Owner:
    """The kind of stream that a state fits.

    Attributes:
        layers: Each layer with its sizes, such as "LSTM 8 -> 16".
        digest: Of the layers and their weights, in hexadecimal digits.
        precision: That the stream runs in.
        batch: B.
    """

    layers: tuple[str, ...]
    digest: str
    precision: str
    batch: int


class StreamState:
    """Holds the state of every row of a stream: `stream.state`, to be set again on this stream or another.

    It fits streams of the same weights, precision and batch, which then go on with the bits that the first would have
    had.

    Example:
        >>> stream = elman.Stream(elman.LSTM(8, 16))
        >>> _ = stream.step(torch.randn(1, 8))
        >>> saved = stream.state.to_bytes()
        >>> stream.reset()
        >>> stream.state = elman.StreamState.from_bytes(saved)
    """

    __slots__ = ("_owner", "_values")

    def __init__(self, owner: Owner, values: npt.NDArray[np.float32]) -> None:
        self._owner = owner
        self._values = np.array(values, np.float32, order="C").reshape(owner.batch, -1)

    @property
    def owner(self) -> Owner:
        """Return the kind of stream that the state fits."""
        return self._owner

    @property
    def values(self) -> npt.NDArray[np.float32]:
        """Return a copy of the numbers, (B, N): for each recurrent layer h (O,), and then c (H,) of an LSTM."""
        return self._values.copy()

    def to_bytes(self) -> bytes:
        """Return the state as bytes, which `from_bytes` reads on any machine."""
        words = json.dumps(asdict(self._owner), separators=(",", ":")).encode()
        content = _MAGIC + _HEADER.pack(VERSION, len(words)) + words + self._values.astype("<f4").tobytes()
        return content + hashlib.sha256(content).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> "StreamState":
        """Read a state that `to_bytes` wrote.

        Raises:
            InputError: These are other bytes, or they were cut or changed, or another version of Elman wrote them.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise InputError(f"StreamState.from_bytes: expected bytes, got {type(data).__name__}. Use state.to_bytes()")
        data = bytes(data)
        begin = len(_MAGIC) + _HEADER.size
        if not data.startswith(_MAGIC) or len(data) < begin:
            raise InputError(
                f"StreamState.from_bytes: expected the bytes of a stream's state, got {len(data):,} others. "
                "Use state.to_bytes()"
            )
        version, length = _HEADER.unpack_from(data, len(_MAGIC))
        if version != VERSION:
            raise InputError(
                f"StreamState.from_bytes: expected version {VERSION} of the format, got {version}. "
                "Use the version of Elman that wrote it, or start with stream.reset()"
            )
        content, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
        owner = _owner(content[begin : begin + length])
        numbers = content[begin + length :]
        if hashlib.sha256(content).digest() != checksum or owner is None or len(numbers) % (4 * owner.batch):
            raise InputError(
                f"StreamState.from_bytes: expected the bytes as they were written, got {len(data):,} that were cut or "
                "changed. Save the state again, or start with stream.reset()"
            )
        return cls(owner, np.frombuffer(numbers, "<f4"))


def checked(state: Any, wanted: Owner, size: int) -> npt.NDArray[np.float32]:
    """Return the numbers of a state for a stream that it fits.

    Args:
        state: What was given as one.
        wanted: The stream.
        size: N, how many numbers each row of its state has.

    Raises:
        InputError: It is no state, or belongs to other layers or weights, another precision or another batch.
    """
    if not isinstance(state, StreamState):
        raise InputError(
            f"elman.Stream: expected a StreamState, got {type(state).__name__}. Take stream.state, or read bytes "
            "with elman.StreamState.from_bytes"
        )
    got, values = state.owner, state.values
    for name, expected, found in (
        ("layers", ", ".join(wanted.layers), ", ".join(got.layers)),
        ("precision", wanted.precision, got.precision),
        ("batch", str(wanted.batch), str(got.batch)),
        ("weights", wanted.digest, got.digest),
        ("size", str(size), str(values.shape[-1])),
    ):
        if expected != found:
            raise InputError(
                f"elman.Stream: expected a state of the {name} {shorten(expected, 120)}, got one of "
                f"{shorten(printable(found), 120)}. Make a stream as the state's was made, or start with "
                "stream.reset()"
            )
    return values


def _owner(words: bytes) -> Owner | None:
    """Return the owner in a header, or None where it is none: a correct checksum does not prove who wrote the bytes."""
    try:
        found = json.loads(words)
        kinds = {name: type(value) for name, value in found.items()}
        wanted = {"layers": list, "digest": str, "precision": str, "batch": int}
        return (
            Owner(**found | {"layers": tuple(map(str, found["layers"]))})
            if kinds == wanted and found["batch"] > 0
            else None
        )
    except (ValueError, AttributeError, RecursionError):
        return None
