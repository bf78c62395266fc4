"""Whole, truncated, altered, foreign: each file is known for what it is."""

import errno
import json
import os
import struct

import pytest
import safetensors.torch
import torch

from elman.errors import ModelFileError
from elman.quoting import printable
from elman.train import container, read_container, write_container

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
    path.write_bytes(data.replace(b'"version":"3"', b'"version":"9"'))
    with pytest.raises(ModelFileError, match="format 9, this Elman reads format 3"):
        read_container(path)
    path.write_bytes(data + b"12")
    with pytest.raises(ModelFileError, match="2 bytes too many"):
        read_container(path)


def test_another_kind_and_a_missing_file_are_named(path):
    with pytest.raises(ModelFileError, match="expected a checkpoint file, got a thing file"):
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


def resealed(path, **changes):
    """Write a file with other metadata and a checksum that fits, as an attacker would."""
    metadata = {"format": "elman", "version": "3", "kind": "thing", "content": "{}"} | changes
    metadata["checksum"] = container._checksum(metadata, TENSORS)
    path.write_bytes(safetensors.torch.save(TENSORS, metadata))


def headed(path, header):
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))


@pytest.mark.parametrize("version", ["9", "2", "1", "0", "-1", "1.0", "\u00b2", "1" * 5000, "", "\x1b[31m", "one"])
def test_a_version_is_a_number_that_is_known(path, version):
    resealed(path, version=version)
    refused(path, "this Elman reads format 3")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "5", '"text"', "[" * 100_000, "{}x", "9" * 5000, '{"a":' * 5000]
)
def test_content_that_is_no_object_is_refused_though_its_checksum_fits(path, content):
    resealed(path, content=content)
    refused(path, "its content is no JSON object")


def test_brackets_in_texts_are_not_nested(path):
    content = {"symbols": ["[" * 100, '"' + "{" * 100, "\\" + "[" * 50, '\\"[' * 50]}
    resealed(path, content=json.dumps(content))
    assert read_container(path)[1] == content


@pytest.mark.parametrize("header", [
    b'{"a":' + b"[" * 200_000, b"{" * 100, b'{"a":1}', b'{"__metadata__":5}', b'{"__metadata__":{"format":"elman"}}',
    b'{"__metadata__":{"format":"elman","version":3,"kind":"a","content":"{}"}}', b"{" + b'"\xff"' + b":1}", b"{}" * 9,
    b'{"a":NaN}', b'{"a":' + b"9" * 5000 + b"}",
])  # fmt: skip
def test_odd_headers_are_foreign(path, header):
    headed(path, header)
    refused(path, "not a model file|not one that Elman wrote")


@pytest.mark.parametrize("entry", [
    '{"dtype":"F32","shape":[2],"data_offsets":[0,1e999]}', '{"dtype":"F32","shape":[2],"data_offsets":[0,1e30]}',
    '{"dtype":"F32","shape":[2],"data_offsets":[0,%s]}' % ("9" * 4000), '{"data_offsets":[0,-8]}',
    '{"dtype":"F32","shape":[2],"data_offsets":[0]}', '{"data_offsets":{"1":8}}', "5", "[]", '{"data_offsets":[0,"8"]}',
    '{"dtype":"F32","shape":[2],"data_offsets":[0,null]}', '{"dtype":"F32","shape":[2],"data_offsets":[0,true]}',
    '{"dtype":"F9","shape":[2],"data_offsets":[0,64]}', '{"dtype":"F32","shape":[1e9],"data_offsets":[0,64]}',
    '{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,64]}',
])  # fmt: skip
def test_odd_offsets_and_shapes_are_named(path, entry):
    metadata = '{"format":"elman","version":"3","kind":"a","content":"{}","checksum":""}'
    headed(path, f'{{"__metadata__":{metadata},"a":{entry}}}'.encode())
    refused(path, "the file was altered")


def test_what_is_no_file_is_named(path):
    os.mkfifo(path.with_name("pipe"))
    for place, said in [
        (path.parent, "not a file"),
        (path.with_name("pipe"), "not a file"),
        (path.with_name("x" * 300), "cannot be read"),
        (path.with_name("a\0b"), "null"),
        (path / "b", "cannot be read"),
    ]:
        with pytest.raises(ModelFileError, match=said) as caught:
            read_container(place)
        assert str(caught.value).isprintable()


def refused(path, said):
    with pytest.raises(ModelFileError, match=said) as caught:
        read_container(path)
    assert printable(str(caught.value)) == str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 200
