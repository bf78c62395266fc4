"""Tensors and JSON in one .safetensors file: written whole or not at all, and known for what it is when read.

A file carries `format`, `version`, `kind` (what is in it), `content` (JSON) and a SHA-256 `checksum` over all of that
and every tensor. Nothing is ever unpickled. Models and checkpoints are both such files.
"""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from elman.errors import ModelFileError
from elman.files import write_atomically

FORMAT = "elman"
VERSION = 1
_LENGTH = struct.Struct("<Q")


def write_container(path: Path, kind: str, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Write a file atomically: after a crash at any moment the path holds the old file or the new one, whole.

    Args:
        path: the file.
        kind: what the file is, such as "text-generator" or "checkpoint".
        content: anything JSON can say.
        tensors: by name, any shape and dtype.

    Raises:
        ModelFileError: the path cannot be written; what was there before is untouched.
    """
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "kind": kind, "content": json.dumps(content)}
    metadata["checksum"] = _checksum(metadata, whole)
    write_atomically(path, safetensors.torch.save(whole, metadata))


def read_container(path: Path, kind: str | None = None) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    """Return kind, content and tensors of a file.

    Args:
        path: the file.
        kind: what the file has to be; None takes any kind.

    Raises:
        ModelFileError: the file is missing, truncated, altered, foreign, of a newer format, or of another kind.
    """
    data = _read(path)
    metadata = _metadata(path, data)
    found = metadata["kind"]
    if kind is not None and found != kind:
        raise ModelFileError(f"{path}: expected a {kind} file, came a {found} file: give the other file")
    try:
        tensors = safetensors.torch.load(data)
    except Exception as error:
        raise ModelFileError(f"{path}: the file was altered ({error}): restore it from a copy") from error
    if _checksum(metadata, tensors) != metadata.get("checksum"):
        raise ModelFileError(f"{path}: the file was altered (its checksum does not fit): restore it from a copy")
    return found, json.loads(metadata["content"]), tensors


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: no such file: check the path, or train a model first") from error
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}): check the path") from error


def _metadata(path: Path, data: bytes) -> dict[str, str]:
    """Return the metadata after telling foreign, truncated and overlong files apart by the header alone."""
    header = _header(path, data)
    metadata: dict[str, str] = header.pop("__metadata__", {})
    if (
        not isinstance(metadata, dict)
        or metadata.get("format") != FORMAT
        or not {"version", "kind", "content"} <= set(metadata)
    ):
        raise ModelFileError(f"{path}: a safetensors file, but not one that Elman wrote: give a file made by Elman")
    if not metadata["version"].isdigit() or int(metadata["version"]) > VERSION:
        raise ModelFileError(
            f"{path}: written in format {metadata['version']}, this Elman reads up to {VERSION}: install a newer Elman"
        )
    try:
        missing = max((int(entry["data_offsets"][1]) for entry in header.values()), default=0) - _body_size(data)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: the file was altered (its header): restore it from a copy") from error
    if missing > 0:
        raise ModelFileError(f"{path}: the file is truncated, {missing} bytes are missing: copy or train it again")
    if missing < 0:
        raise ModelFileError(f"{path}: the file was altered ({-missing} bytes too many): restore it from a copy")
    return metadata


def _header(path: Path, data: bytes) -> dict[str, Any]:
    foreign = ModelFileError(f"{path}: not a model file: expected a .safetensors file made by Elman")
    if len(data) <= _LENGTH.size or data[_LENGTH.size : _LENGTH.size + 1] != b"{":
        raise foreign if data else ModelFileError(f"{path}: the file is empty: copy or train it again")
    if _body_size(data) < 0:
        raise ModelFileError(f"{path}: the file is truncated inside its header: copy or train it again")
    try:
        header = json.loads(data[_LENGTH.size : len(data) - _body_size(data)])
    except ValueError:
        raise foreign from None
    if not isinstance(header, dict):
        raise foreign
    return header


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
