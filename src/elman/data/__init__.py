"""From what a user has to what a network reads."""

from elman.data.alphabet import Alphabet
from elman.data.text import Corpus, read_text

__all__ = ["Alphabet", "Corpus", "read_text"]
