"""Files that are broken in hundreds of ways are read, or refused in one short line that can be printed.

Each case mutates a small good file by bytes, seeded, so that a failure can be repeated; the long run is a study.
"""

import random
import warnings

import pandas as pd
import pytest

from elman.data.conll import read_columns
from elman.data.tables import stream_table
from elman.data.text import read_text
from elman.data.vocabulary import UNKNOWN_CHARACTER, Vocabulary, read_vectors
from elman.errors import ElmanError
from elman.models.classify.columns import Columns
from elman.models.scoring.labels import Labels, as_labels

CSV = 'series,step,text,x,label\ns0,1,"a, ""b""\nc",0.5,pos\ns0,2,d,-1e3,pos\ns1,t1,é,NA,neg\n'
JSONL = (
    '{"series": "s0", "step": 1, "text": "a \\u00e9", "x": 0.5, "label": "pos"}\n'
    '{"series": "s1", "step": 2, "text": "b", "x": null, "label": ["neg", 1]}\n'
)
CONLL = "-DOCSTART-\n\nEU NNP B-ORG\nrejects VBZ O\n\nPeter\tNNP\tB-PER\n# x\n1-2\t_\t_\n"
TEXT = "to be, or not to be: é 😀\r\n" * 4
VECTORS = "3 2\nto 0.1 0.2\nbe 1e-3 -4\né .5 3.\n"
TOKENS = [
    *(
        b'"',
        b'""',
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc3",
        b"NaN",
        b"1e400",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"\\ud800",
        b"Infinity",
        b"9" * 5000,
        b"[" * 3000,
        b"x" * 300,
        b'"a":1,',
        b"\x1b[31m",
        b"\xe2\x80\xae",
    ),
    *(b"-DOCSTART-", b"#", b" ", b"1_0", "٣".encode(), b"null", b"true"),
]


def mutated(data, rng):
    """Return a file with one to four of its parts cut, doubled, swapped, replaced or added."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, end = sorted(rng.randrange(len(found) + 1) for _ in range(2))
        kind = rng.randrange(6)
        if kind == 0:
            del found[at : min(end, at + 9)]
        elif kind == 1:
            found[at:at] = found[at:end] * rng.randint(1, 3)
        elif kind == 2:
            found[at:at] = rng.choice(TOKENS)
        elif kind == 3 and found:
            found[rng.randrange(len(found))] = rng.randrange(256)
        elif kind == 4:
            found = found[:end]
        else:
            found[at : at + rng.randrange(4)] = rng.choice(TOKENS)
    return bytes(found)


def everything_of(path):
    """Take from a table all that the jobs take, each by itself: a mutation that spoils one leaves the others."""
    tables = list(stream_table(path, rows=2))
    for name in tables[0].columns[:4]:
        for take in (
            lambda table, name=name: table.texts(name),
            lambda table, name=name: table.numbers([name], gaps=True),
            lambda table, name=name: Labels.fit(as_labels(table.names(name), len(table))),
        ):
            for table in tables:
                refused_or_done(lambda table=table, take=take: take(table))
    columns = Columns(None, "label", None, "series", "step", ("x",))
    refused_or_done(lambda: list(columns.sequences(path)))


def text_of(path):
    corpus = read_text(path)
    assert (corpus.symbols.astype(int) != UNKNOWN_CHARACTER).all()


def vectors_of(path):
    read_vectors(path, Vocabulary(["?", "to", "be", "é"]))


def refused_or_done(call):
    try:
        call()
    except ElmanError as error:
        message = str(error)
        assert len(message) <= 400, message
        assert message.isprintable(), message


def parquet():
    pyarrow = pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"series": ["s0", "s1"], "step": [1, 2], "text": ["a", "é"], "x": [0.5, None]})
    frame["label"] = pd.Categorical(["pos", "neg"])
    sink = pyarrow.BufferOutputStream()
    frame.to_parquet(sink)
    return sink.getvalue().to_pybytes()


READERS = {
    "a.csv": (CSV.encode, everything_of),
    "a.tsv": (lambda: CSV.replace(",", "\t").encode(), everything_of),
    "a.jsonl": (JSONL.encode, everything_of),
    "a.parquet": (parquet, everything_of),
    "a.conll": (CONLL.encode, lambda path: list(read_columns(path))),
    "a.txt": (TEXT.encode, text_of),
    "a.vec": (VECTORS.encode, vectors_of),
}


def fuzz(folder, name, cases, seed):
    make, read = READERS[name]
    data, path, rng = make(), folder / name, random.Random(seed)
    with warnings.catch_warnings(action="error"):
        for _ in range(cases):
            path.write_bytes(mutated(data, rng))
            refused_or_done(lambda: read(path))


@pytest.mark.parametrize("name", READERS)
def test_a_good_file_is_read(tmp_path, name):
    make, read = READERS[name]
    (tmp_path / name).write_bytes(make().replace(b"Peter\tNNP\tB-PER\n# x\n1-2\t_\t_\n", b""))
    read(tmp_path / name)


@pytest.mark.parametrize("name", READERS)
def test_a_broken_file_is_read_or_refused(tmp_path, name):
    fuzz(tmp_path, name, 60 if name == "a.txt" else 100, 0)


@pytest.mark.study
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("seed", range(1, 21))
def test_many_broken_files_are_read_or_refused(tmp_path, name, seed):
    fuzz(tmp_path, name, 1000, seed)
