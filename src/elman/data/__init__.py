"""Convert user data to the arrays that networks read."""

from elman.data.alphabet import Alphabet
from elman.data.bundled import bundled_text
from elman.data.text import BYTE_ORDER_MARK, Corpus, read_text

__all__ = ["BYTE_ORDER_MARK", "Alphabet", "Corpus", "bundled_text", "read_text"]
