"""Whole, truncated, altered, foreign: each file is known for what it is."""

import errno
import json
import os
import struct

import pytest
import safetensors.torch
import torch

from elman.errors import ModelFileError
from elman.train import read_container, write_container

TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, 2], dtype=torch.int64), "c": torch.tensor(2.5)}


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "m.safetensors"
    write_container(place, "thing", {"x": [1, 2.5, None]}, TENSORS)
    return place


def test_what_is_written_is_read(path):
    kind, content, tensors = read_container(path, "thing")
    assert (kind, content) == ("thing", {"x": [1, 2.5, None]})
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert safetensors.torch.load_file(path).keys() == TENSORS.keys()


def test_every_shorter_file_is_refused(path):
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ModelFileError, match=r"truncated|empty|not a model file"):
            read_container(path)


def test_every_changed_byte_is_noticed(path):
    data = path.read_bytes()
    for place in range(len(data)):
        if data[place : place + 1] == b" ":
            continue  # JSON may be padded by any white space; what it says is unchanged.
        changed = bytearray(data)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(ModelFileError):
            read_container(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"hello, this is no model at all", "not a model file"),
        (struct.pack("<Q", 2) + b"{}", "not one that Elman wrote"),
        (struct.pack("<Q", 2) + b"{x", "not a model file"),
        (safetensors.torch.save({"a": torch.ones(2)}), "not one that Elman wrote"),
        (safetensors.torch.save({"a": torch.ones(2)}, {"format": "pt"}), "not one that Elman wrote"),
    ],
)
def test_foreign_files_are_told_apart(path, data, message):
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=message):
        read_container(path)


def test_a_newer_format_and_extra_bytes_are_named(path):
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"version":"1"', b'"version":"9"'))
    with pytest.raises(ModelFileError, match="format 9, this Elman reads up to 1"):
        read_container(path)
    path.write_bytes(data + b"12")
    with pytest.raises(ModelFileError, match="2 bytes too many"):
        read_container(path)


def test_another_kind_and_a_missing_file_are_named(path):
    with pytest.raises(ModelFileError, match="expected a checkpoint file, came a thing file"):
        read_container(path, "checkpoint")
    with pytest.raises(ModelFileError, match="no such file"):
        read_container(path.with_name("other"))


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(path, monkeypatch, step):
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    elif step == "replace":
        monkeypatch.setattr("pathlib.Path.replace", full)
    else:
        monkeypatch.setattr(os, "open", full)
    with pytest.raises(ModelFileError, match=r"No space left on device.*what was there before is untouched"):
        write_container(path, "thing", {}, TENSORS)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_header_is_plain_json(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    assert metadata["format"] == "elman"
    assert json.loads(metadata["content"]) == {"x": [1, 2.5, None]}
