"""Predict the next character after each one that arrives, with what the generator answers with."""

import numpy as np

from elman.data import Alphabet
from elman.errors import InputError
from elman.models.estimator.streaming import Probabilities, RowStream
from elman.models.generate.predictor import NGRAMS, Predictor
from elman.models.scoring.text_ngrams import NextSymbols
from elman.quoting import quote


class TextStream(RowStream):
    """The stream of a text generator: `model.stream()`. Weights are those of when it was made.

    Args:
        predictor: what the generator answers with. The n-grams' part of it is looked up in Python.
        alphabet: its characters.
        batch: B, the number of rows.
        precision: "float32", "bfloat16" or "int8", of the network; see `elman.Stream`.

    Attributes:
        characters: the alphabet, in the order of the probabilities.
    """

    def __init__(self, predictor: Predictor, alphabet: Alphabet, batch: int, precision: str) -> None:
        # Each row keeps the last symbols, the newest last, as their numbers from 1; 0 where there were none.
        super().__init__([predictor.network], batch, precision, NGRAMS if predictor.reach else "", predictor.reach)
        self._predictor, self._alphabet = predictor, alphabet
        self._ngrams = None if predictor.ngrams is None else NextSymbols(predictor.ngrams)
        self.characters = alphabet.characters

    def step(self, x: str) -> Probabilities:
        """Read the next character of each row.

        Args:
            x: B characters, one for each row.

        Returns:
            The probability of each character to be the one after it, `(B, V)`, in the order of `characters`.

        Raises:
            DataError: a character is not in the alphabet.
            InputError: there are more or fewer than rows.
        """
        if not isinstance(x, str) or len(x) != self.batch:
            raise InputError(
                f"step: expected a text with a character for each of {self.batch} rows, got {quote(x)}: give one of "
                "that length"
            )
        symbols = self._alphabet.encode(x, "step").astype(np.int64)
        scores = self._step(symbols)
        if not self._ngrams:
            return self._predictor.probabilities(scores, None)
        if self._predictor.reach:
            self.kept[:] = np.column_stack((self.kept[:, 1:], symbols + 1))
        contexts = [tuple(row[row > 0].astype(np.int64) - 1) for row in self.kept]
        return self._predictor.probabilities(scores, np.stack([self._ngrams.after(one) for one in contexts]))
