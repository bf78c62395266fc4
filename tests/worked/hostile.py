"""Mutations of files, and the only two outcomes that a reader may have: it works, or one short printable line."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from elman.errors import ElmanError
from elman.quoting import printable

WORDS = """null ~ true yes 0x1F 0x_ 1_000 012 0o17 1:30 2024-02-30 2024-01-01 1e400 -1e400 1e-400 .inf .nan nan inf 1e5
!!int !!binary !!python/name:os.system &a *a << = ? : - # | > @ ` % \\ '' [] {} [[ ]] {a:} -0 +0 1.2.3 1,5 0,0 "\\ud800"
"\\x1b[31m" 9999999999999999999999 1e1e1 --1"""
ODD = [*WORDS.split(), "", "\x1b[31m", "\x00", "\x85", "\u2028", "\u202e", "\ufeff", "\u0663", "\xbd", "\t", "\r", "\n"]
ODD += ["9" * 5000, "1" + "0" * 400, "x" * 70_000, "[" * 600, "{a: " * 300, "a:\n" + " a:\n" * 50, "- " * 400, "\ud83d"]


def mutations(texts: list[str], seed: int, count: int) -> Iterator[str]:
    """Texts with pieces cut, doubled, exchanged and replaced, the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        text = rng.choice(texts)
        for _ in range(rng.randint(1, 3)):
            text = _mutated(text, rng)
        yield text


def _mutated(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text) + 1)
    end = min(len(text), start + rng.choice((0, 1, 3, 10, 60)))
    words = [k for k, sign in enumerate(text) if sign in " [,:"]
    kind = rng.randrange(5)
    if kind == 0 and words:  # a scalar becomes something else
        at = rng.choice(words) + 1
        stop = next((k for k in range(at, len(text)) if text[k] in ",]}\n"), len(text))
        return f"{text[:at]} {rng.choice(ODD)}{text[stop:]}"
    if kind == 1:
        return text[:start] + text[end:]
    if kind == 2:
        return text[:end] + text[start:end] + text[end:]
    if kind == 3:
        return text[:start] + chr(rng.randrange(256)) + text[end:]
    return text[:start] + rng.choice(ODD) + text[end:]


def outcome(call: Callable[[], Any], seconds: float = 20.0) -> str:
    """Run a reader: "worked" or "refused"; anything else, a long or unprintable line, or a long time fails."""
    begin = time.monotonic()
    try:
        call()
        found = "worked"
    except ElmanError as error:
        message, found = str(error), "refused"
        assert printable(message) == message, repr(message)
        assert len(message) < 600, message
    assert time.monotonic() - begin < seconds
    return found
