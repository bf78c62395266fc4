"""Convert user data to the arrays that networks read."""

from elman.data.sets.texts import bundled_text
from elman.data.text import BYTE_ORDER_MARK, Corpus, read_text
from elman.data.vocabulary import Alphabet

__all__ = ["BYTE_ORDER_MARK", "Alphabet", "Corpus", "bundled_text", "read_text"]
