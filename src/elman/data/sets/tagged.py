"""Sentences with the part of speech of each word, from a grammar. Many of its words are now a noun, now a verb."""

from elman.data.sets.draw import Draw, distinct, listed

_BOTH = listed("watch play walk plan book answer cook paint drink dream plant dance help visit call light dress guard")
_WORDS = {
    "DET": listed("the a this every my our her some no"),
    "NOUN": listed("dog cat girl garden river teacher window song letter house bird market sister boat apple night"),
    "VERB": listed("see find carry bring paint keep open leave follow remember build wash hear draw"),
    "PAST": listed("saw found carried brought kept opened left followed remembered built washed heard drew"),
    "ADJ": listed("old small green quiet happy light open clean warm young strange round"),
    "ADP": listed("in on near under behind with from before"),
    "PRON": ["I", "you", "we", "they", "she", "he"],
    "AUX": ["can", "will", "must", "should", "may", "could"],
    "ADV": listed("often never slowly soon gladly again here today"),
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
_KNOWN, _UNSEEN = 600, 150


def tagged(unseen: bool) -> str:
    """Return a text with a word and its tag on each line, and an empty line after each sentence."""
    sentences = distinct(11, _KNOWN + _UNSEEN, _sentence)
    chosen = sentences[_KNOWN:] if unseen else sentences[:_KNOWN]
    return "".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n" for sentence in chosen)


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
    return draw.one(_BOTH if both else _WORDS[symbol]), tag
