"""Tensors and JSON in one .safetensors file: written atomically, and checked when read.

A file carries `format`, `version`, `kind` (of the content), `content` (JSON) and a SHA-256 `checksum` over all of that
and every tensor. Nothing is ever unpickled. Models and checkpoints are both such files.
"""

import hashlib
import json
import stat
import struct
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from elman.errors import ModelFileError
from elman.files import write_atomically
from elman.limits import COUNT, MODEL_HEADER_BYTES, MODEL_NESTING
from elman.quoting import printable, shorten

FORMAT = "elman"
VERSION = 3
_LENGTH = struct.Struct("<Q")


def write_container(path: Path, kind: str, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Write a file atomically: after a crash at any moment the path holds the old file or the new one, whole.

    Args:
        path: the file.
        kind: The kind of the file, such as "text-generator" or "checkpoint".
        content: Anything that JSON can hold.
        tensors: by name, any shape and dtype.

    Raises:
        ModelFileError: the path cannot be written; what was there before is untouched.
    """
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "kind": kind, "content": json.dumps(content)}
    metadata["checksum"] = _checksum(metadata, whole)
    write_atomically(path, safetensors.torch.save(whole, metadata))


def read_container(
    path: Path, kind: str | None = None, data: bytes | None = None
) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    """Return kind, content and tensors of a file.

    Args:
        path: the file.
        kind: The kind that the file must have; None accepts any kind.
        data: The bytes of the file, if they were read already.

    Raises:
        ModelFileError: the file is missing, truncated, altered, foreign, of a newer format, or of another kind.
    """
    data = read_bytes(path) if data is None else data
    metadata = _metadata(path, data)
    found = metadata["kind"]
    if kind is not None and found != kind:
        raise ModelFileError(f"{path}: expected a {kind} file, got a {printable(shorten(found))} file: give the other")
    try:
        tensors = safetensors.torch.load(data)
        checksum = _checksum(metadata, tensors)
    except Exception as error:  # the library in Rust, torch and the metadata's encoding have classes of their own
        reason = printable(shorten(str(error)))
        raise ModelFileError(f"{path}: the file was altered ({reason}): restore it from a copy") from error
    if checksum != metadata.get("checksum"):
        raise ModelFileError(f"{path}: the file was altered (its checksum does not fit): restore it from a copy")
    content = _parsed(metadata["content"].encode())
    if not isinstance(content, dict):
        raise ModelFileError(f"{path}: the file was altered (its content is no JSON object): restore it from a copy")
    return found, content, tensors


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        ModelFileError: it is missing, no file, or cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelFileError(f"{path}: not a file: give a .safetensors file made by Elman")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: no such file: check the path, or train a model first") from error
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}): check the path") from error
    except ValueError as error:  # a NUL in the path
        raise ModelFileError(f"{printable(str(path))}: no path ({error}): check it") from error


def _metadata(path: Path, data: bytes) -> dict[str, str]:
    """Return the metadata after telling foreign, truncated and overlong files apart by the header alone."""
    header = _header(path, data)
    metadata = header.pop("__metadata__", {})
    if (
        not isinstance(metadata, dict)
        or metadata.get("format") != FORMAT
        or not {"version", "kind", "content"} <= set(metadata)
        or not all(isinstance(value, str) for value in metadata.values())
    ):
        raise ModelFileError(f"{path}: a safetensors file, but not one that Elman wrote: give a file made by Elman")
    if metadata["version"] != str(VERSION):
        raise ModelFileError(
            f"{path}: written in format {printable(shorten(metadata['version']))}, this Elman reads format {VERSION}: "
            "install the Elman that wrote it, or train it again"
        )
    missing = _tensor_bytes(path, header) - _body_size(data)
    if missing > 0:
        raise ModelFileError(f"{path}: the file is truncated, {missing:,} bytes are missing: copy or train it again")
    if missing < 0:
        raise ModelFileError(f"{path}: the file was altered ({-missing:,} bytes too many): restore it from a copy")
    return metadata


def _tensor_bytes(path: Path, header: dict[str, Any]) -> int:
    """Return where the last tensor ends, after the header."""
    try:
        ends = [entry["data_offsets"][1] for entry in header.values()]
    except (KeyError, IndexError, TypeError):
        ends = [None]
    if not all(type(end) is int and 0 <= end <= COUNT for end in ends):
        raise ModelFileError(f"{path}: the file was altered (its header): restore it from a copy")
    return max(ends, default=0)


def _header(path: Path, data: bytes) -> dict[str, Any]:
    foreign = ModelFileError(f"{path}: not a model file: expected a .safetensors file made by Elman")
    if len(data) <= _LENGTH.size or data[_LENGTH.size : _LENGTH.size + 1] != b"{":
        raise foreign if data else ModelFileError(f"{path}: the file is empty: copy or train it again")
    if _body_size(data) < 0:
        raise ModelFileError(f"{path}: the file is truncated inside its header: copy or train it again")
    end = len(data) - _body_size(data)
    if end > MODEL_HEADER_BYTES:
        raise ModelFileError(
            f"{path}: a header of {end:,} bytes, the limit is {MODEL_HEADER_BYTES:,}: give another file"
        )
    header = _parsed(data[_LENGTH.size : end])
    if not isinstance(header, dict):
        raise foreign
    return header


def _parsed(text: bytes) -> Any:
    """Return what JSON says; None where it says nothing, or is nested more deeply than the limit."""
    if _nesting(text) > MODEL_NESTING:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _nesting(text: bytes) -> int:
    """Return how many lists and objects are open at once in JSON at most; those in strings do not count."""
    outside = b"".join(text.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    brackets = np.frombuffer(outside, np.uint8)
    steps = np.isin(brackets, list(b"[{")).astype(np.int32) - np.isin(brackets, list(b"]}"))
    return int(steps.cumsum(dtype=np.int32).max(initial=0))


def _body_size(data: bytes) -> int:
    """Return the bytes that follow the header; negative where the header itself is cut short."""
    size: int = len(data) - _LENGTH.size - _LENGTH.unpack_from(data)[0]
    return size


def _checksum(metadata: dict[str, str], tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in ("format", "version", "kind", "content"):
        digest.update(f"{key}={metadata[key]}\0".encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
