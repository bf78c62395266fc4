import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import Alphabet, bundled_text, read_text
from elman.data import text as text_module
from elman.errors import DataError, InputError


@pytest.fixture
def small_pieces(monkeypatch):
    """Read three characters or bytes at a time, so that everything lies across two pieces."""
    monkeypatch.setattr(text_module, "PIECE", 3)


TEXT = "naïve café — 数字 🙂 naïve"


def test_a_file_and_its_text_are_the_same_corpus(tmp_path, small_pieces):
    path = tmp_path / "a.txt"
    path.write_text(TEXT, encoding="utf-8")
    ours, theirs = read_text(path, 0.2), read_text(TEXT, 0.2)
    assert ours.fingerprint() == theirs.fingerprint()
    assert ours.alphabet.decode(ours.training.tolist()) == TEXT[: ours.split]


@given(text=st.text(min_size=1, max_size=60), held_out=st.sampled_from([0, 0.1, 0.5]))
def test_training_text_comes_back_whole_and_the_alphabet_is_its_own(text, held_out):
    corpus = read_text(text, held_out)
    training = text[: corpus.split]
    assert corpus.alphabet.decode(corpus.training.tolist()) == training
    assert set(corpus.alphabet.characters) == set(training)
    known = [c for c in text[corpus.split :] if c in training]
    assert corpus.alphabet.decode(corpus.held_out.tolist()) == "".join(known)
    assert corpus.left_out == len(text) - corpus.split - len(known)


@pytest.mark.parametrize(("kinds", "dtype"), [(2, np.uint8), (256, np.uint8), (257, np.uint16), (65536, np.uint16)])
def test_symbols_take_the_smallest_type(kinds, dtype):
    assert read_text("".join(chr(n) for n in range(0xE000, 0xE000 + kinds)), 0).symbols.dtype == dtype


def test_a_long_text_goes_to_a_memory_map(monkeypatch, small_pieces):
    plain = read_text(TEXT * 10)
    monkeypatch.setattr(text_module, "IN_MEMORY", 10)
    mapped = read_text(TEXT * 10)
    assert isinstance(mapped.symbols, np.memmap)
    assert mapped.fingerprint() == plain.fingerprint()


@given(parts=st.lists(st.text("ab;", max_size=5), min_size=1, max_size=8), piece=st.integers(1, 7))
def test_documents_begin_after_each_separator(parts, piece):
    text = ";;".join(parts) + "ab"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "PIECE", piece)
        corpus = read_text(text, 0, ";;")
    whole = text.split(";;")
    expected = np.cumsum([len(part) + 2 for part in whole[:-1]])
    assert corpus.documents.tolist() == expected.tolist()
    assert corpus.alphabet.decode(corpus.symbols.tolist()) == text


@pytest.mark.parametrize(
    ("data", "offset"), [(b"ab\xffcd", 2), (b"abcdefg\xe9 x", 7), ("é".encode() + b"\xc3", 2), (b"\x80", 0)]
)
def test_a_byte_that_is_not_utf8_is_named_by_its_offset(tmp_path, small_pieces, data, offset):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"not UTF-8: byte 0x{data[offset]:02x} at offset {offset}:.*--errors replace"):
        read_text(path)
    assert "\ufffd" in read_text(path, 0, errors="replace").alphabet


def test_a_byte_order_mark_is_no_character(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffabc".encode())
    assert read_text(path, 0).alphabet.characters == "abc"


def test_a_text_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("abc" * 10)
    real = text_module._survey

    def survey(pieces):
        found = real(pieces)
        path.write_text("abcd" * 20)
        return found

    monkeypatch.setattr(text_module, "_survey", survey)
    with pytest.raises(DataError, match="changed while it was read"):
        read_text(path, 0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"text": ""}, DataError, "empty"),
        ({"text": "abc", "held_out": 1.0}, InputError, "validation"),
        ({"text": "abc", "separator": ""}, InputError, "separator"),
        ({"text": "abc", "errors": "ignore"}, InputError, "strict or replace"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        read_text(**arguments)


def test_characters_outside_the_alphabet_are_named():
    with pytest.raises(DataError, match=r"prompt: 'x' \(U\+0078\), '€' \(U\+20AC\) not among the 3 characters"):
        Alphabet("abc").encode("ax€b", "prompt")


def test_python_carries_a_text():
    assert len(bundled_text()) > 300_000
