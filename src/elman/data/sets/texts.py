"""Texts: those that Python has, and texts with a label, a translation or tags that are made by rules and a seed."""

import codecs
import io
import unicodedata
from contextlib import redirect_stdout
from datetime import date, timedelta

from elman.data.sets.draw import Draw, columns, drawn, entries
from elman.errors import DataError

_SCRIPTS = ("ARABIC", "CHEROKEE", "CYRILLIC", "DEVANAGARI", "ETHIOPIC", "GREEK")


def bundled_text() -> str:
    """Return about 460 thousand characters of technical English: the topics of Python's own `help()`.

    Raises:
        DataError: this Python was packaged without them.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise DataError("pydoc_data.topics: this Python lacks them: give a text with --file") from error
    return "\n\n".join(topics[name].strip() for name in sorted(topics))


def zen() -> str:
    """Return the text that `import this` prints."""
    with redirect_stdout(io.StringIO()):
        import this
    return codecs.decode(this.s, "rot13") + "\n"


def letters(unseen: bool) -> dict[str, list[str]]:
    """Return the columns letter and script: names of letters in Python's tables of Unicode, such as alpha or zhe."""
    names = [unicodedata.name(chr(code), "").split() for code in range(0x10000)]
    kinds = {"LETTER", "SYLLABLE"}
    rows = sorted({(n[-1].lower(), n[0].lower()) for n in names if n and n[0] in _SCRIPTS and kinds & {*n}})
    chosen = [row for at, row in enumerate(rows) if (at % 6 == 5) == unseen]
    return columns(chosen, "letter", "script")


_REVIEW_WORDS = {
    "thing": entries(
        "film book hotel room meal phone lamp concert play coat game museum train garden soup camera "
        "chair course song bicycle breakfast show story tour"
    ),
    "part": entries("ending staff price music view cook sound cover waiter light design taste start colour guide seat"),
    "who": entries(
        "my brother; my friend; our teacher; the whole family; my neighbour; everyone; my aunt; the children"
    ),
    "very": ["very", "really", "quite", "so", "truly", "rather"],
    "when": ["last week", "yesterday", "on Sunday", "in the spring", "for my birthday", "after work", "with friends"],
    "good": entries(
        "good lovely bright clever warm fresh friendly charming excellent funny quick neat gentle fair tidy"
    ),
    "bad": entries("bad dull slow cold rude dirty boring broken noisy sad cheap stale weak ugly careless"),
    "like": ["loved", "enjoyed", "liked", "admired", "praised"],
    "hate": ["hated", "disliked", "regretted", "left", "returned"],
}
_GOOD = (
    "The {thing} was {very} {good}.",
    "{like} the {thing} {when}.",
    "The {part} of the {thing} was not {bad} at all.",
    "The {part} was {bad}, but the {thing} was {good}.",
    "Never {bad}, always {good}: a {very} {good} {thing}.",
    "I thought the {thing} would be {bad}, and it was {good}.",
    "{who} {like} the {part}, and the {thing} is {good}.",
    "Nothing {bad} about this {thing}.",
    "The {thing} is {good}, not {bad}.",
    "Though the {part} was {bad}, {who} {like} the {thing}.",
)
_BAD = (
    "The {thing} was {very} {bad}.",
    "{hate} the {thing} {when}.",
    "The {part} of the {thing} was not {good} at all.",
    "The {part} was {good}, but the {thing} was {bad}.",
    "Never {good}, always {bad}: a {very} {bad} {thing}.",
    "I thought the {thing} would be {good}, and it was {bad}.",
    "{who} {hate} the {part}, and the {thing} is {bad}.",
    "Nothing {good} about this {thing}.",
    "The {thing} is {bad}, not {good}.",
    "Though the {part} was {good}, {who} {hate} the {thing}.",
)


def reviews(unseen: bool) -> dict[str, list[str]]:
    """Return the columns text and label, positive or negative: short reviews from a grammar.

    Negation and contrast turn words round: counting them is not enough.
    """
    return columns(drawn(_review, 7, (800, 200), unseen), "text", "label")


def _review(draw: Draw) -> tuple[str, str]:
    good = draw.chance(0.5)
    text = draw.filled(draw.one(_GOOD if good else _BAD), _REVIEW_WORDS)
    return text[0].upper() + text[1:], "positive" if good else "negative"


_FIRST_BOX, _SECOND_BOX = "ttgaca", "tataat"  # 35 and 10 bases before the gene
_BASES, _UNCHANGED = 57, 0.85


def promoters(unseen: bool) -> dict[str, list[str]]:
    """Return the columns sequence and label, + or -: bases with and without a bacterial promoter, made.

    A promoter has the two boxes of its consensus, and room between them. The - have the same boxes the other way round.
    """
    return columns(drawn(_promoter, 23, (400, 100), unseen), "sequence", "label")


def _promoter(draw: Draw) -> tuple[str, str]:
    real = draw.chance(0.5)
    first, second = (_FIRST_BOX, _SECOND_BOX) if real else (_SECOND_BOX, _FIRST_BOX)
    between = _bases(draw, 16 + draw.below(3))
    boxes = _changed(draw, first) + between + _changed(draw, second)
    before = _bases(draw, draw.below(_BASES - len(boxes) + 1))
    return before + boxes + _bases(draw, _BASES - len(boxes) - len(before)), "+" if real else "-"


def _bases(draw: Draw, count: int) -> str:
    return "".join(draw.one("acgt") for _ in range(count))


def _changed(draw: Draw, box: str) -> str:
    return "".join(base if draw.chance(_UNCHANGED) else draw.one("acgt") for base in box)


_ONES = entries(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = entries("twenty thirty forty fifty sixty seventy eighty ninety")
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = entries("January February March April May June July August September October November December")
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_THINGS = entries(
    "apple box cat dish city dog fox glass key lady match party boy wish baby brush boat story book "
    "bus day berry kiss toy"
)


def pairs(unseen: bool) -> dict[str, list[str]]:
    """Return the columns source and target: dates and numbers in words into figures, and how many of a thing."""
    return columns(drawn(_pair, 13, (4000, 200), unseen), "source", "target")


def _pair(draw: Draw) -> tuple[str, str]:
    kind = draw.one((_dated, _dated, _counted, _plural))
    return kind(draw)


def _dated(draw: Draw) -> tuple[str, str]:
    day = date(1990, 1, 1) + timedelta(draw.below(12_000))
    weekday, month = _DAYS[day.weekday()], _MONTHS[day.month - 1]
    ordinal = f"{day.day}{_ORDINALS.get(day.day, 'th')}"
    return draw.one((f"{weekday} {day.day} {month} {day.year}", f"{month} {ordinal}, {day.year}")), day.isoformat()


def _counted(draw: Draw) -> tuple[str, str]:
    number = draw.below(10 ** (2 + draw.below(2)))
    return in_words(number), str(number)


def _plural(draw: Draw) -> tuple[str, str]:
    number, thing = 1 + draw.below(99), draw.one(_THINGS)
    return f"{number} {thing}", f"{in_words(number)} {thing if number == 1 else plural(thing)}"


def in_words(number: int) -> str:
    """Return a number below a thousand in words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        rest = f"-{_ONES[number % 10]}" if number % 10 else ""
        return _TENS[number // 10 - 2] + rest
    rest = f" and {in_words(number % 100)}" if number % 100 else ""
    return f"{_ONES[number // 100]} hundred{rest}"


def plural(noun: str) -> str:
    """Return the regular plural of an English noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


_BOTH = entries("watch play walk plan book answer cook paint drink dream plant dance help visit call light dress guard")
_TAGGED_WORDS = {
    "DET": entries("the a this every my our her some no"),
    "NOUN": entries("dog cat girl garden river teacher window song letter house bird market sister boat apple night"),
    "VERB": entries("see find carry bring paint keep open leave follow remember build wash hear draw"),
    "PAST": entries("saw found carried brought kept opened left followed remembered built washed heard drew"),
    "ADJ": entries("old small green quiet happy light open clean warm young strange round"),
    "ADP": entries("in on near under behind with from before"),
    "PRON": ["I", "you", "we", "they", "she", "he"],
    "AUX": ["can", "will", "must", "should", "may", "could"],
    "ADV": entries("often never slowly soon gladly again here today"),
}
_SENTENCES = (
    "DET ADJ NOUN PAST DET NOUN",
    "DET NOUN ADP DET NOUN PAST DET ADJ NOUN",
    "PRON AUX VERB DET NOUN",
    "PRON AUX ADV VERB DET ADJ NOUN",
    "PRON PAST DET NOUN ADP DET NOUN",
    "PRON PAST to/PART VERB DET NOUN",
    "PRON PAST DET NOUN to/ADP DET NOUN",
    "DET NOUN AUX VERB ADP DET ADJ NOUN",
    "ADV PRON AUX VERB DET NOUN",
    "to/PART VERB DET NOUN is/AUX ADJ",
    "DET NOUN is/AUX ADJ",
    "AUX PRON VERB DET NOUN ADV",
    "VERB DET NOUN ADP DET NOUN",
    "DET NOUN and/CONJ DET ADJ NOUN AUX VERB",
)


def tagged(unseen: bool) -> str:
    """Return a text with a word and its part of speech on each line, and an empty line after each sentence.

    Many of the words are now a noun, now a verb.
    """
    sentences = drawn(_sentence, 11, (600, 150), unseen)
    return "".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n" for sentence in sentences)


def _sentence(draw: Draw) -> tuple[tuple[str, str], ...]:
    steps = [_step(draw, symbol) for symbol in draw.one(_SENTENCES).split()]
    (first, tag), *rest = steps
    return ((first[0].upper() + first[1:], tag), *rest, (".", "PUNCT"))


def _step(draw: Draw, symbol: str) -> tuple[str, str]:
    if "/" in symbol:
        word, tag = symbol.split("/")
        return word, tag
    tag = "VERB" if symbol == "PAST" else symbol
    both = symbol in {"NOUN", "VERB"} and draw.chance(0.5)
    return draw.one(_BOTH if both else _TAGGED_WORDS[symbol]), tag
