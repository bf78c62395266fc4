"""Answers chosen among chains of tags, and options chosen for the size of the data."""

from itertools import pairwise

import numpy as np
import pytest
import torch

import elman
from elman.data.sequences import Sequences
from elman.models.estimator.answer import MIXTURE, NETWORK
from elman.models.networks.crf import ConditionalRandomField
from elman.models.tag.chains import Chain, choose_chain, mixed
from elman.models.tag.options import TaggerOptions, chosen

KINDS = 3


def drawn(seed, inputs, tags, help_of=0.0):
    """Return a chain of drawn scores, with some added for the right tag."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(len(inputs.values), KINDS, generator=generator)
    scores[torch.arange(len(tags)), torch.from_numpy(tags)] += help_of
    field = ConditionalRandomField(KINDS)
    torch.nn.init.normal_(field.transitions, std=0.1, generator=generator)
    return Chain(scores, field)


@pytest.fixture(scope="module")
def held_out():
    random = np.random.default_rng(0)
    inputs = Sequences.of([np.zeros(length, np.int64) for length in random.integers(1, 9, 60)])
    return inputs, random.integers(0, KINDS, len(inputs.values))


def test_losses_are_those_of_the_field_one_by_one(held_out):
    inputs, tags = held_out
    chain = drawn(0, inputs, tags)
    for row, found in enumerate(chain.losses(inputs, tags)):
        steps = slice(inputs.starts[row], inputs.starts[row + 1])
        alone = torch.ones(inputs.lengths[row], dtype=torch.int64)
        wanted = chain.field.loss(chain.scores[steps], torch.from_numpy(tags[steps]), alone)
        assert found == pytest.approx(wanted.item(), rel=1e-5)


def test_two_parts_with_errors_of_their_own_are_mixed(held_out):
    inputs, tags = held_out
    parts = {NETWORK: drawn(1, inputs, tags, 2.0), "linear": drawn(2, inputs, tags, 2.0)}
    answer = choose_chain(parts, "linear", inputs, tags)
    assert answer.name == MIXTURE
    assert answer.losses[MIXTURE] < min(answer.losses[NETWORK], answer.losses["linear"])
    right = {name: (chain.best(inputs) == tags).mean() for name, chain in parts.items()}
    assert (mixed(parts, answer.factors).best(inputs) == tags).mean() > max(right.values())


def test_a_bad_part_is_left_out(held_out):
    inputs, tags = held_out
    parts = {NETWORK: drawn(1, inputs, tags, -8.0), "counts": drawn(2, inputs, tags, 3.0)}
    answer = choose_chain(parts, None, inputs, tags)
    assert (answer.name, answer.factors) == ("counts", {"counts": 1.0})


def test_a_mixture_of_one_part_is_that_part_and_keeps_what_is_barred(held_out):
    inputs, tags = held_out
    chain = drawn(3, inputs, tags)
    chain.field.barred[0, 1] = True
    same = mixed({NETWORK: chain}, {NETWORK: 1.0})
    assert same.best(inputs).tolist() == chain.best(inputs).tolist()
    pairs = {pair for row in np.split(same.best(inputs), inputs.starts[1:-1]) for pair in pairwise(row)}
    assert (0, 1) not in pairs
    assert np.allclose(same.probabilities(inputs).sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(("sequences", "tags"), [(2, 6), (50, 200), (1000, 9000), (1350, 35_000), (12_000, 240_000)])
def test_options_left_open_follow_the_data(sequences, tags):
    found = chosen(TaggerOptions(), sequences, tags)
    assert sequences / found.batch_size >= min(sequences / 4, 12)
    assert found.batch_size * tags / sequences <= 1000
    assert 3 <= found.epochs <= 30
    assert found.patience == 3
    assert found.input_dropout == (0 if tags >= 200_000 else 0.3)
    given = TaggerOptions(batch_size=7, epochs=5, patience=2, input_dropout=0.1)
    assert vars(chosen(given, sequences, tags)) == vars(given)
    timed = chosen(TaggerOptions(minutes=1.0), sequences, tags)
    assert (timed.epochs, timed.patience) == (None, None)


def test_words_never_seen_are_known_by_their_endings(tmp_path):
    random = np.random.default_rng(0)

    def stem():
        return "".join(random.choice(list("bdfgklmaeiou"), 5))

    rows = [[stem() + random.choice(["os", "ami", "men"]) for _ in range(6)] for _ in range(80)]
    tags = [[{"s": "N", "i": "V", "n": "A"}[word[-1]] for word in row] for row in rows]
    model = elman.SequenceTagger(hidden_size=8, embedding_dim=8, epochs=2).fit(rows[:60], tags[:60])
    assert model.score(rows[60:], tags[60:]) > 0.95
    assert model.held_out_.summary().columns[2] == "unknown tokens"
    assert set(model.answer_.losses) == {"network", "counts", "linear", "mixture"}
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert again.predict(rows[60:]) == model.predict(rows[60:])
    assert (again.answer_, again.chosen_) == (model.answer_, model.chosen_)
    alone = elman.SequenceTagger(hidden_size=8, embedding_dim=8, epochs=1, answer="network").fit(rows[:60], tags[:60])
    assert alone.answer_.factors == {"network": 1.0}


def test_vectors_that_somebody_trained_are_begun_with(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("a 1 2 3\nb -1 0 0.5\n")
    model = elman.SequenceTagger(hidden_size=4, epochs=1, learning_rate=1e-9, pretrained=path, validation_fraction=0)
    model.fit([["a", "b", "c"]] * 8, [["x", "y", "z"]] * 8)
    number = model.preprocessor_.input.vocabulary.number("b")
    assert model.network_.encoder.embed.weight[number].tolist() == pytest.approx([-1, 0, 0.5], abs=1e-6)
