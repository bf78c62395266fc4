"""Image files: every kind of pixel has its right value, and whatever is in a file, it is read or named in one line."""

import io
import os
import resource
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from elman.data.images import read_image_files
from elman.errors import DataError, ElmanError
from elman.quoting import printable

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (5, 6), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (5, 6, 3), dtype=np.uint8)
ORIENTATIONS = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
    8: lambda p: np.rot90(p, -1),
}
"""How upright pixels are stored where EXIF says so: the inverse of what a reader does."""


def read(folder, *names):
    return read_image_files(folder, names, table="t.csv")


def test_eight_bits_are_read_as_they_are(tmp_path):
    for name in ("a.png", "a.bmp", "a.tif", "a.gif", "a.pgm"):
        Image.fromarray(GREY).save(tmp_path / name)
        found = read(tmp_path, name)
        assert found.dtype == np.uint8
        assert (found[0, ..., 0] == GREY).all() or name == "a.gif", name
    for name in ("b.png", "b.bmp", "b.tif", "b.ppm"):
        Image.fromarray(COLOUR).save(tmp_path / name)
        assert (read(tmp_path, name)[0] == COLOUR).all(), name
    for name in ("c.jpg", "c.webp"):
        Image.fromarray(np.full((5, 6, 3), 90, np.uint8)).save(tmp_path / name)
        assert np.abs(read(tmp_path, name)[0].astype(int) - 90).max() < 4, name


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_sixteen_bits_are_scaled_and_keep_their_fractions(tmp_path, name):
    deep = np.arange(30, dtype=np.uint16).reshape(5, 6) * 2000 + 300
    if name == "a.pgm":  # which Pillow writes from version 11 on
        (tmp_path / name).write_bytes(b"P5 6 5 65535\n" + deep.astype(">u2").tobytes())
    else:
        Image.fromarray(deep).save(tmp_path / name)
    found = read(tmp_path, name)
    np.testing.assert_allclose(found[0, ..., 0], deep / 257, rtol=1e-6)
    Image.fromarray(GREY).save(tmp_path / "b.png")
    both = read(tmp_path, "b.png", name)
    np.testing.assert_allclose(both[..., 0], [GREY, deep / 257], rtol=1e-6)


def test_big_endian_tiffs_and_32_bits(tmp_path):
    deep = np.arange(30, dtype=np.uint16).reshape(5, 6) * 2000
    (tmp_path / "a.tif").write_bytes(big_endian_tiff(deep))
    np.testing.assert_allclose(read(tmp_path, "a.tif")[0, ..., 0], deep / 257, rtol=1e-6)
    for name, pixels in [("b.tif", GREY.astype(np.float32) - 0.5), ("c.tif", GREY.astype(np.int32) - 40)]:
        Image.fromarray(pixels).save(tmp_path / name)
        assert (read(tmp_path, name)[0, ..., 0] == pixels).all()
    Image.fromarray(np.full((5, 6), np.nan, np.float32)).save(tmp_path / "d.tif")
    with pytest.raises(DataError, match="expected finite numbers"):
        read(tmp_path, "d.tif")


def test_palettes_bits_and_inks(tmp_path):
    palette = Image.fromarray(COLOUR).quantize(256)
    palette.save(tmp_path / "p.png")
    assert (read(tmp_path, "p.png")[0] == np.asarray(palette.convert("RGB"))).all()
    Image.fromarray(GREY > 99).save(tmp_path / "1.png")
    assert (read(tmp_path, "1.png")[0, ..., 0] == (GREY > 99) * 255).all()
    Image.new("CMYK", (6, 5), (0, 255, 255, 0)).save(tmp_path / "k.tif")
    assert (read(tmp_path, "k.tif")[0] == (255, 0, 0)).all()


def test_what_is_transparent_is_white(tmp_path):
    alpha = np.where(GREY > 128, 255, 0).astype(np.uint8)
    Image.fromarray(np.dstack((COLOUR, alpha)), "RGBA").save(tmp_path / "a.png")
    wanted = np.where(alpha[..., None] > 0, COLOUR, 255)
    assert (read(tmp_path, "a.png")[0] == wanted).all()
    Image.fromarray(np.dstack((GREY, alpha)), "LA").save(tmp_path / "la.png")
    assert (read(tmp_path, "la.png")[0, ..., 0] == np.where(alpha > 0, GREY, 255)).all()
    palette = Image.new("P", (6, 5), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.save(tmp_path / "p.png", transparency=1)
    assert (read(tmp_path, "p.png") == 255).all()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_the_rotation_of_exif_is_applied(tmp_path, orientation, ending):
    upright = np.zeros((16, 24, 3), np.uint8)
    upright[:8, :8, 0], upright[8:, :8, 1], upright[:8, 8:, 2] = 250, 250, 250
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(ORIENTATIONS[orientation](upright))
    Image.fromarray(stored).save(tmp_path / f"a.{ending}", exif=exif)
    found = read(tmp_path, f"a.{ending}")[0].astype(int)
    assert found.shape == upright.shape
    assert np.abs(found - upright).mean() < 12


def test_rotation_is_applied_to_sixteen_bits_too(tmp_path):
    deep = np.arange(30, dtype=np.uint16).reshape(5, 6) * 2000
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(deep, 1))).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_allclose(read(tmp_path, "a.png")[0, ..., 0], deep / 257, rtol=1e-6)


def test_formats_that_hold_programs_are_not_tried(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    def run(*_, **__):
        raise AssertionError("Ghostscript was asked for")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    monkeypatch.setattr(subprocess, "Popen", run)
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n"
    for name in ("a.eps", "a.png", "a.ps", "a.pdf", "a.wmf"):
        (tmp_path / name).write_bytes(eps)
        with pytest.raises(DataError, match="not an image that can be read"):
            read(tmp_path, name)


def test_paths_that_are_no_files_are_named(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    Image.fromarray(GREY).save(tmp_path / "a.png")
    for name, said in [
        ("folder", "not a file"),
        ("pipe", "not a file"),
        ("/dev/zero", "not a file"),
        ("none.png", "no such image"),
        ("a\0b.png", r"'a\\x00b.png'"),
        ("x" * 300, r"'x{10,}\.\.\."),
        ("x/" * 3000, "image 'x/x"),
        ("a.png/b.png", "not an image"),
        ("\x1b[31mred", r"\\x1b\[31mred"),
        ("lone\ud800", r"lone\\ud800"),
        ("", "not a file"),
    ]:
        with pytest.raises(DataError, match=said) as caught:
            read(tmp_path, "a.png", name)
        one_line(caught.value, "t.csv: row 2: ")


def test_images_of_other_sizes_are_named_by_row(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray(COLOUR).save(tmp_path / "b.png")
    with pytest.raises(DataError, match=r"row 3: image 'b.png': expected the size of the first"):
        read(tmp_path, "a.png", "a.png", "b.png")


def test_sizes_are_compared_with_the_limit_before_pixels_are_decoded(tmp_path):
    for name, data in bombs():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match="the limit") as caught:
            read(tmp_path, name)
        one_line(caught.value, "t.csv: row 1: ")


def test_many_images_are_compared_with_the_limit_together(tmp_path):
    Image.fromarray(np.zeros((2000, 2000), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"600 images of the size \(2000, 2000\) are more than the limit"):
        read(tmp_path, *["a.png"] * 600)


def test_bombs_take_little_memory(tmp_path):
    names = []
    for name, data in bombs():
        (tmp_path / name).write_bytes(data)
        names.append(name)
    code = (
        "import sys, pathlib; from elman.data.images import read_image_files as r\n"
        "from elman.errors import DataError\n"
        "for name in sys.argv[2:]:\n"
        "    try: r(pathlib.Path(sys.argv[1]), [name])\n"
        "    except DataError: print('refused', name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), *names],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (2**29, 2**29)),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.stdout == "".join(f"refused {name}\n" for name in names), done.stderr


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.study)])
def test_every_mutated_image_is_read_or_named(tmp_path, seed):
    random = np.random.default_rng(seed)
    for _ in range(20 if seed == 0 else 4000):
        for name, data in valid_images():
            (tmp_path / name).write_bytes(mutated(random, data))
            try:
                found = read(tmp_path, name)
            except ElmanError as error:
                one_line(error, "")
            else:
                assert np.isfinite(found).all()


def valid_images():
    """Return small images of every format, as the bytes of their files."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a note"
    for name, image, options in [
        ("a.png", Image.fromarray(COLOUR), {"exif": exif}),
        ("b.png", Image.fromarray(GREY.astype(np.uint16) * 257), {}),
        ("a.jpg", Image.fromarray(COLOUR), {"exif": exif}),
        ("a.gif", Image.fromarray(COLOUR).quantize(16), {"save_all": True, "append_images": [Image.new("P", (6, 5))]}),
        ("a.bmp", Image.fromarray(COLOUR), {}),
        ("a.tif", Image.fromarray(GREY), {"compression": "tiff_deflate"}),
        ("a.webp", Image.fromarray(COLOUR), {}),
        ("a.pgm", Image.fromarray(GREY), {}),
    ]:
        file = io.BytesIO()
        image.save(file, {"jpg": "JPEG", "tif": "TIFF", "pgm": "PPM"}.get(name[2:], name[2:].upper()), **options)
        yield name, file.getvalue()


def mutated(random, data):
    """Return a file with some bytes changed, a piece cut out, doubled or filled, or the end cut off."""
    data = bytearray(data)
    begin, length = random.integers(0, len(data)), random.integers(1, 40)
    kind = random.integers(0, 5)
    if kind == 0:
        for at in random.integers(0, len(data), random.integers(1, 8)):
            data[at] = random.integers(0, 256)
    elif kind == 1:
        del data[begin : begin + length]
    elif kind == 2:
        data[begin:begin] = data[begin : begin + length]
    elif kind == 3:
        data[begin : begin + 4] = random.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x80"])
    else:
        del data[begin:]
    return bytes(data)


def bombs():
    """Return small files whose headers say that they are large."""
    yield "grey.png", png(30000, 30000)
    yield "wide.png", png(2**31 - 1, 1)
    yield "warned.png", png(10000, 10000)  # Pillow warns of it and decodes it
    bmp = io.BytesIO()
    Image.fromarray(GREY).save(bmp, "BMP")
    yield "a.bmp", bmp.getvalue()[:18] + struct.pack("<ii", 20000, 20000) + bmp.getvalue()[26:]
    gif = io.BytesIO()
    Image.fromarray(GREY).save(gif, "GIF")
    yield "a.gif", gif.getvalue()[:6] + struct.pack("<HH", 65535, 65535) + gif.getvalue()[10:]
    yield "a.pgm", b"P5 50000 50000 255 \0"


def png(columns, rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(10**6), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def big_endian_tiff(pixels):
    rows, columns = pixels.shape
    entries = [
        (256, 4, columns), (257, 4, rows), (258, 3, 16 << 16), (259, 3, 1 << 16), (262, 3, 1 << 16),
        (273, 4, 8), (277, 3, 1 << 16), (278, 4, rows), (279, 4, pixels.size * 2),
    ]  # fmt: skip
    body = pixels.astype(">u2").tobytes()
    directory = struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHII", t, k, 1, v) for t, k, v in entries)
    return struct.pack(">2sHI", b"MM", 42, 8 + len(body)) + body + directory + struct.pack(">I", 0)


def one_line(error, begin):
    said = str(error)
    assert said.startswith(begin)
    assert printable(said) == said
    assert len(said) < 400 + len(os.fspath(os.environ.get("PYTEST_CURRENT_TEST", "")))
