"""Words that are read by their characters: the numbers, the network beside torch's, and what a tagger learns by it."""

import random

import numpy as np
import pytest
import torch
from tests.tolerance import assert_close
from torch import nn

import elman
from elman.models.tag.characters import LONGEST, NOTHING, UNKNOWN, CharacterNetwork, alphabet_of, spelled
from elman.ops.dispatch import use_backend

WORDS = ["a", "abba", "", "c" * LONGEST, "ab" * LONGEST, "azb"]


def test_characters_have_numbers_and_long_words_lose_their_middle():
    found = spelled([WORDS[:2], WORDS[1:]], alphabet_of([["cab", "c"]]))
    numbers = {"a": 2, "b": 3, "c": 4}
    read = [
        "a",
        "abba",
        "abba",
        "z",
        "c" * LONGEST,
        ("ab" * LONGEST)[: LONGEST // 2] + ("ab" * LONGEST)[-LONGEST // 2 :],
        "azb",
    ]
    assert found[:, 0].tolist() == [0, 1, 1, 2, 3, 4, 5]
    assert found[:, 1:].tolist() == [
        [*(numbers.get(character, UNKNOWN) for character in word), *[NOTHING] * (LONGEST - len(word))] for word in read
    ]


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_word_has_the_vector_that_torch_gives_it_alone(backend):
    torch.manual_seed(0)
    ours = CharacterNetwork(3, 6, 4)
    theirs = nn.GRU(ours.embed.embedding_dim, 6, bidirectional=True)
    theirs.load_state_dict(ours.recurrent.state_dict())
    numbers = torch.from_numpy(spelled([WORDS, WORDS[::-1]], alphabet_of(["abc"])))
    with torch.no_grad(), use_backend(backend):
        found = ours(numbers)
        for row, vector in zip(numbers, found, strict=True):
            _, last = theirs(ours.embed(row[1:][row[1:] != NOTHING]))
            assert_close(vector, ours.head(last.reshape(-1)), "vector")


def sentences(count, seed):
    """Sentences of new words, long ones, whose tag is their middle character, where no part reaches."""
    draw = random.Random(seed)

    def word():
        sides = ["".join(draw.choice("abcd") for _ in range(6)) for _ in range(2)]
        return draw.choice("bx").join(sides)

    rows = [[word() for _ in range(5)] for _ in range(count)]
    return rows, [["x" if "x" in word else "b" for word in row] for row in rows]


@pytest.mark.parametrize(("size", "least", "most"), [(0, 0.0, 0.8), (12, 0.95, 1.0)])
def test_a_network_of_characters_sees_the_middle_of_new_words(size, least, most):
    options = {"hidden_size": 8, "batch_size": 8, "epochs": 8, "answer": "network", "learning_rate": 0.02}
    model = elman.SequenceTagger(**options, character_size=size).fit(*sentences(150, 0))
    assert least <= model.score(*sentences(40, 1)) <= most


def test_it_streams_and_is_saved(tmp_path):
    rows, tags = sentences(30, 0)
    options = {"hidden_size": 8, "epochs": 1, "bidirectional": False, "crf": False, "answer": "network"}
    model = elman.SequenceTagger(**options, character_size=4).fit(rows, tags)
    model.save(tmp_path / "model.safetensors")
    stream = elman.load(tmp_path / "model.safetensors").stream()
    wanted = model.predict_proba(rows[:1])[0]
    for token, probabilities in zip(rows[0], wanted, strict=True):
        stream.step([token])
        np.testing.assert_allclose(stream.probabilities[0], probabilities, atol=1e-5)


def test_symbols_are_not_spelled():
    model = elman.SequenceTagger(hidden_size=4, epochs=1, character_size=4).fit(["ab", "ba"] * 10, ["xy", "yx"] * 10)
    assert model.preprocessor_.alphabet is None
    assert model.network_.words is None
