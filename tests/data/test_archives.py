"""NumPy archives: whatever a file says of itself, it is read within the limits or named in one line."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest

import elman
from elman.data.archives import array_names, read_arrays
from elman.data.images import as_images
from elman.errors import DataError, ElmanError
from elman.models.caption.files import read_captioned
from elman.quoting import printable

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 6), dtype=np.uint8)
TEXTS = np.array(["a b", "c d"] * 3)


def described(description, body=b"", version=(1, 0)):
    """Return an array's file with a description of our own."""
    text = description if isinstance(description, bytes) else description.encode()
    length = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + body


def shaped(shape, kind="|u1", body=b"\0"):
    return described(f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}\n", body)


def saved(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def archive(path, compression=zipfile.ZIP_STORED, **arrays):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in arrays.items():
            file.writestr(f"{name}.npy", data if isinstance(data, bytes) else saved(data))


@pytest.mark.parametrize("array", [
    IMAGES, IMAGES > 99, IMAGES.astype(">f8"), IMAGES.astype(np.float16), np.asfortranarray(IMAGES), TEXTS,
    np.array(5), np.zeros((0, 3)), TEXTS.astype("S"), TEXTS.astype(">U9"), IMAGES.astype(">u8"),
])  # fmt: skip
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_plain_arrays_are_read_in_the_machines_byte_order(tmp_path, array, save):
    save(tmp_path / "a.npz", x=array)
    (found,) = read_arrays(tmp_path / "a.npz", ["x"])
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)
    assert array_names(tmp_path / "a.npz") == ["x"]


def test_a_captioner_reads_any_plain_numbers(tmp_path):
    for kind in ("u1", "?", ">i2", ">u4", "u8", "f2", ">f4", "f8", "i8"):
        np.savez(tmp_path / "a.npz", images=IMAGES.astype(kind), captions=TEXTS)
        model = elman.Captioner(hidden_size=2, embedding_dim=2, features=2, epochs=1, validation_fraction=0, beam=1)
        model.fit(tmp_path / "a.npz").predict(IMAGES.astype(kind))


def test_texts_may_be_bytes_or_whole_numbers(tmp_path):
    for captions, wanted in [
        (np.array(["ä".encode()] * 6), ["ä"] * 6),
        (np.arange(6), list("012345")),
        (np.arange(6) > 2, ["False"] * 3 + ["True"] * 3),
    ]:
        np.savez(tmp_path / "a.npz", images=IMAGES, captions=captions)
        assert read_captioned(tmp_path / "a.npz", None, None).texts == wanted


OBJECTS = saved(np.array(["a"] * 6, dtype=object), allow_pickle=True)
STRANGE = {
    "objects": OBJECTS,
    "one text": saved(np.array("a")),
    "fractions": saved(np.arange(6.0)),
    "two columns": saved(np.array([["a", "b"]] * 3)),
    "bytes": saved(np.array([b"\xff"] * 6)),
    "stamps": saved(np.arange(6).astype("M8[s]")),
    "complex": saved(np.arange(6) * 1j),
    "structure": saved(np.zeros(6, dtype=[("a", "u1"), ("é", "f4")])),
    "void": saved(np.zeros(6, dtype="V3")),
    "too few": saved(np.array(["a"] * 5)),
    "empty": saved(np.array(["", "a", "b", "c", "d", "e"])),
    "no code points": shaped((6,), "<U1", b"\xff\xff\xff\x7f" * 6),
    "no text": b"",
    "no array": b"hello",
}
NUMBERS = {
    "objects": saved(np.array([None] * 6), allow_pickle=True),
    "stamps": saved(IMAGES.astype("M8[s]")),
    "complex": saved(IMAGES * 1j),
    "long double": saved(IMAGES.astype(np.longdouble)),
    "structure": saved(np.zeros((6, 5, 6), dtype=[("a", "u1")])),
    "one number": saved(np.array(3)),
    "texts": saved(TEXTS),
    "not a number": saved(np.full((6, 5, 6), np.nan)),
    "too large": saved(np.full((6, 5, 6), 1e300)),
    "100 GB": shaped((6, 130000, 130000)),
    "1e20": shaped((10**20,)),
    "10 ** 4000": shaped((10**2000, 10**2000)),
    "negative": shaped((-6, 5, 6)),
    "twice negative": shaped((-6, -5, 6), body=bytes(180)),
    "boolean": shaped("(True,)"),
    "fraction": shaped("(6.0, 5)"),
    "nothing times much": shaped((0, 10**30), body=b""),
    "many dimensions": shaped((1,) * 60),
    "too short": saved(IMAGES)[:-1],
    "too long": saved(IMAGES) + b"\0",
    "zero width": shaped((6, 5, 6), "<U0", b""),
    "no shape": described("{'descr': '|u1', 'fortran_order': False}\n"),
    "bracket": described("{'descr': (\n"),
    "brackets": described(b"(" * 9000),
    "minus": described(b"-" * 9999),
    "text": described("'abc\n"),
    "NUL": described(b"\0\0"),
    "latin": described(b"\xff\xfe"),
    "null bytes": described("{'descr': '\\0u1', 'fortran_order': False, 'shape': (6, 5, 6)}"),
    "no type": shaped((6, 5, 6), "nothing"),
    "type of types": described("{'descr': [('a', [('b', 'u1')])], 'fortran_order': False, 'shape': (6,)}"),
    "long": described(b" " * 60000),
    "very long": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + bytes(99),
    "version 9": described("{}", version=(9, 9)),
    "version 0": described("{}", version=(0, 0)),
    "Python 2": described("{'descr': '|u1', 'fortran_order': False, 'shape': (6L, 5L, 6L), "),
}


def printed(error):
    assert printable(str(error)) == str(error)


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        elman.Captioner(hidden_size=2, embedding_dim=2, features=2, epochs=1, **options).fit(path)
    said = str(caught.value)
    assert said.startswith((str(path), "images: ", "'captions': "))
    assert len(said) < len(str(path)) + 300
    printed(caught.value)


@pytest.mark.parametrize("captions", STRANGE.values(), ids=STRANGE)
def test_odd_texts_are_named(tmp_path, captions):
    archive(tmp_path / "a.npz", images=IMAGES, captions=captions)
    refused(tmp_path / "a.npz")


@pytest.mark.parametrize("images", NUMBERS.values(), ids=NUMBERS)
def test_odd_arrays_are_named(tmp_path, images):
    archive(tmp_path / "a.npz", images=images, captions=TEXTS)
    refused(tmp_path / "a.npz")


def test_other_files_are_named(tmp_path):
    (tmp_path / "bare.npz").write_bytes(saved(IMAGES))
    (tmp_path / "pickle.npz").write_bytes(OBJECTS[128:])
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "folder.npz").mkdir()
    os.mkfifo(tmp_path / "pipe.npz")
    archive(tmp_path / "none.npz")
    archive(tmp_path / "many.npz", **{f"\x1b{n:04}" * 9: IMAGES for n in range(50)})
    for name in ("bare", "pickle", "text", "empty", "folder", "pipe", "none", "many", "absent"):
        refused(tmp_path / f"{name}.npz")
    with pytest.raises(DataError, match="no array 'x': name one of"):
        read_arrays(tmp_path / "many.npz", ["x"])


def test_bombs_are_refused_by_their_directory(tmp_path):
    bomb = np.zeros((6, 3400, 3400), np.uint8)
    np.savez_compressed(tmp_path / "a.npz", images=bomb, captions=TEXTS)
    with pytest.raises(DataError, match="more than the limit of 250 times"):
        read_arrays(tmp_path / "a.npz", ["images"])
    np.savez(tmp_path / "b.npz", images=np.zeros((1, 5000, 5000), np.uint8), captions=TEXTS[:1])
    refused(tmp_path / "b.npz")
    spaces = b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**28) + b" " * 2**25
    archive(tmp_path / "c.npz", zipfile.ZIP_DEFLATED, images=spaces, captions=TEXTS)
    refused(tmp_path / "c.npz")


@pytest.mark.parametrize("size", [0, 1, 100, 308, 2**31, 2**32 - 1])
def test_a_directory_that_lies_about_sizes_is_noticed(tmp_path, size):
    archive(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, images=saved(IMAGES), captions=TEXTS)
    data = (tmp_path / "a.npz").read_bytes()
    real = struct.pack("<I", len(saved(IMAGES)))
    assert data.count(real) == 2
    (tmp_path / "a.npz").write_bytes(data.replace(real, struct.pack("<I", size)))
    if size != len(saved(IMAGES)):
        refused(tmp_path / "a.npz")
    lying = shaped((6, 5, 6), body=bytes(180))
    archive(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, images=lying + bytes(10**6), captions=TEXTS)
    data = (tmp_path / "a.npz").read_bytes()
    real, said = (struct.pack("<I", n) for n in (len(lying) + 10**6, len(lying)))
    (tmp_path / "a.npz").write_bytes(data.replace(real, said))
    refused(tmp_path / "a.npz")


def test_passwords_and_unknown_methods_are_named(tmp_path):
    archive(tmp_path / "a.npz", images=IMAGES, captions=TEXTS)
    data = (tmp_path / "a.npz").read_bytes()
    for place, value in [(6, 1), (8, 9), (8, 99), (8, 97), (4, 99)]:  # encrypted; methods; version needed
        changed = bytearray(data)
        for start, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
            at = data.index(start)
            struct.pack_into("<H", changed, at + place + shift, value)
        (tmp_path / "a.npz").write_bytes(bytes(changed))
        refused(tmp_path / "a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_broken_compression_is_named(tmp_path, method):
    archive(tmp_path / "a.npz", method, images=IMAGES, captions=TEXTS)
    np.testing.assert_array_equal(read_captioned(tmp_path / "a.npz", None, None).images[..., 0], IMAGES)
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[60:80] = bytes(range(200, 220))
    (tmp_path / "a.npz").write_bytes(bytes(data))
    refused(tmp_path / "a.npz")


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.study)])
def test_every_mutated_archive_is_read_or_named(tmp_path, seed):
    random = np.random.default_rng(seed)
    valid = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        archive(tmp_path / "a.npz", method, images=IMAGES, captions=TEXTS)
        valid.append((tmp_path / "a.npz").read_bytes())
    for _ in range(100 if seed == 0 else 10_000):
        for original in valid:
            data = bytearray(original)
            kind, begin = random.integers(0, 4), random.integers(0, len(data))
            if kind == 0:
                for at in random.integers(0, len(data), random.integers(1, 6)):
                    data[at] = random.integers(0, 256)
            elif kind == 1:
                data[begin : begin + 4] = random.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80"])
            elif kind == 2:
                del data[begin : begin + random.integers(1, 50)]
            else:
                data[begin:begin] = data[begin : begin + 30]
            (tmp_path / "a.npz").write_bytes(bytes(data))
            try:
                read_captioned(tmp_path / "a.npz", None, None)
            except ElmanError as error:
                printed(error)


@pytest.mark.parametrize("images", [
    5, None, "images", {"a": 1}, [1, 2], [[[1, 2], [3]]], [None], ["a.png"], iter([]), np.zeros((2, 5, 5), object),
    np.zeros((2, 5, 5), complex), np.zeros((2, 5, 5), "M8[s]"), np.full((2, 5, 5), 1e38), np.full((2, 5, 5), np.inf),
    np.full((2, 5, 5), np.nan), [np.zeros((5, 5)), None], [[["a"] * 5] * 5], np.zeros((1, 5000, 5000), np.uint8),
])  # fmt: skip
def test_what_is_no_image_is_named(images):
    with pytest.raises(DataError, match=r"^images: ") as caught:
        as_images(images)
    assert len(str(caught.value)) < 300
