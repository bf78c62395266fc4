"""Tests of what a generator answers with: its network, n-grams or the mean of both."""

import numpy as np
import pytest
import torch

import elman
from elman import kernels
from elman.errors import ModelFileError
from elman.models.estimator.answer import Answer
from elman.models.generate.learning import times_needed
from elman.models.generate.options import TextOptions, chosen
from elman.models.generate.predictor import Predictor
from elman.models.generate.writers import Writer
from elman.models.scoring.text_ngrams import TextNGrams
from elman.streams import Sampling
from elman.train import read_container, write_container

TEXT = "".join(f"{n} men went to mow, went to mow {n % 7} meadows; " for n in range(150))
TINY = {"hidden_size": 24, "num_layers": 1, "embedding_dim": 8, "batch_size": 4, "k1": 32, "epochs": 3}


@pytest.fixture(scope="module")
def model():
    return elman.TextGenerator(**TINY).fit(TEXT)


def test_what_is_best_on_the_held_out_part_answers(model):
    losses = model.answer_.losses
    assert losses.keys() == {"network", "n-grams", "mixture"}
    assert losses[model.answer_.name] == min(losses.values())
    assert losses["n-grams"] == model.baselines_["n-grams"]
    assert losses["network"] == pytest.approx(model.progress_.best, rel=1e-5)
    assert list(model.baselines_) == ["uniform", "unigram", "bigram", "n-grams"]
    assert model.ngrams_ is not None
    assert model.remark_.startswith("the network alone is not below the n-grams: ")


def test_the_network_alone_answers_where_that_is_asked_for(model):
    other = elman.TextGenerator(**TINY, answer="network").fit(TEXT)
    assert other.answer_.factors == {"network": 1.0}
    assert other.ngrams_ is None
    assert other.score(TEXT) > model.score(TEXT)


def test_with_nothing_held_out_the_network_answers():
    model = elman.TextGenerator(**TINY, validation_fraction=0).fit(TEXT)
    assert (model.answer_.factors, model.answer_.losses, model.ngrams_) == ({"network": 1.0}, {}, None)


@pytest.mark.parametrize("factors", [{"network": 1.0}, {"n-grams": 1.0}, {"network": 0.3, "n-grams": 0.7}])
def test_written_step_by_step_or_read_at_once_the_prediction_is_one(model, factors):
    """The mean by hand: softmax of the network's scores, and the n-grams' counts."""
    ngrams = model.ngrams_ if "n-grams" in factors else None
    predictor = Predictor(model.network_, ngrams, Answer("", factors))
    symbols = model.alphabet_.encode(TEXT[:60], "text")
    with torch.no_grad():
        network = model.network_(torch.from_numpy(symbols.astype(np.int64))[:, None])[0][:, 0].softmax(-1).numpy()
    losses = predictor.nats(symbols)
    for place in range(1, len(symbols)):
        counted = model.ngrams_.probabilities(symbols[: place + 1])[-1]
        wanted = factors.get("network", 0) * network[place - 1][symbols[place]] + factors.get("n-grams", 0) * counted
        scores = Writer(predictor, symbols[:place], 1, Sampling()).scores()[0].astype(np.float64)
        found = np.exp(scores - scores.max())
        assert found[symbols[place]] / found.sum() == pytest.approx(wanted, rel=1e-4)
        assert losses[place - 1] == pytest.approx(-np.log(wanted), rel=1e-4)


@pytest.mark.parametrize("factors", [{"network": 1.0}, {"n-grams": 1.0}, {"network": 0.3, "n-grams": 0.7}])
def test_a_text_goes_on_from_what_was_written(model, factors):
    """Written in blocks, or in one with the end of the first as the prompt."""
    predictor = Predictor(model.network_, model.ngrams_ if "n-grams" in factors else None, Answer("", factors))
    prompt = model.alphabet_.encode(TEXT[:9], "text").astype(np.int64)
    uniform = np.random.default_rng(0).random((24, 3))
    writer = Writer(predictor, prompt, 3, Sampling())
    whole = np.concatenate([writer.write(uniform[:5]), writer.write(uniform[5:])])
    writer.restart()
    np.testing.assert_array_equal(writer.write(uniform), whole)
    for row in range(3):
        alone = Writer(predictor, np.concatenate([prompt, whole[:10, row]]), 1, Sampling())
        np.testing.assert_array_equal(alone.write(uniform[10:, row : row + 1])[:, 0], whole[10:, row])


def test_without_kernels_a_text_is_written_as_well(model, monkeypatch):
    with_kernels = model.generate("4 men", length=60, temperature=0, samples=2).texts()
    loss = model.score(TEXT[:200])
    monkeypatch.setattr(kernels, "available", lambda: False)
    assert model.generate("4 men", length=60, temperature=0, samples=2).texts() == with_kernels
    assert model.score(TEXT[:200]) == pytest.approx(loss, rel=1e-5)


def test_a_saved_mixture_is_the_same(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert again.answer_ == model.answer_
    assert again.score(TEXT) == model.score(TEXT)
    assert again.generate("1 men", length=60).texts() == model.generate("1 men", length=60).texts()


@pytest.mark.parametrize(
    "change",
    [
        {"codes": lambda codes: codes.flip(0)},
        {"codes": lambda codes: codes + 2**61},
        {"codes": lambda codes: codes.double()},
        {"counts": lambda counts: counts * 0},
        {"counts": lambda counts: counts[:-1]},
        {"beginning": lambda beginning: beginning - 1000},
        {"beginning": lambda beginning: beginning.repeat(20)},
    ],
)
def test_counts_that_are_none_are_refused(model, change, tmp_path):
    model.save(tmp_path / "m.safetensors")
    kind, content, tensors = read_container(tmp_path / "m.safetensors")
    for name, do in change.items():
        tensors[f"beside/n-grams.{name}"] = do(tensors[f"beside/n-grams.{name}"])
    write_container(tmp_path / "m.safetensors", kind, content, tensors)
    with pytest.raises(ModelFileError, match="not a model this Elman can build"):
        elman.load(tmp_path / "m.safetensors")


def test_ngrams_are_made_again_from_their_arrays():
    text = np.random.default_rng(0).integers(0, 5, 300)
    one = TextNGrams.fit(text, 5, 4)
    two = TextNGrams.of_arrays(one.arrays(), 5)
    assert (one.probabilities(text) == two.probabilities(text)).all()


@pytest.mark.parametrize("characters", [20, 100, 20_000, 80_000, 400_000, 1_000_000, 5_000_000, 200_000_000])
def test_what_is_open_follows_the_length_of_the_text(characters):
    found = chosen(TextOptions(), characters)
    updates = characters / found.batch_size / found.k1
    assert found.patience
    assert characters * found.epochs < max(3 * characters, 10_000_000)
    assert characters < 18_000 or updates > 30
    assert 0 <= found.dropout < 1
    assert found.batch_size < characters


def test_what_was_given_stays():
    given = TextOptions(
        hidden_size=7, num_layers=3, k1=5, batch_size=3, epochs=2, learning_rate=0.5, dropout=0.0, patience=9
    )
    assert vars(chosen(given, 100_000)) == vars(given)
    assert chosen(TextOptions(k2=24), 100_000).k1 == 24
    assert chosen(TextOptions(minutes=1.0), 100_000).epochs is None
    assert chosen(TextOptions(validation_fraction=0), 100_000).patience is None


def test_chosen_settings_are_named_and_saved(tmp_path):
    model = elman.TextGenerator(hidden_size=8, num_layers=1, k1=32, epochs=1).fit(TEXT)
    assert model.chosen_.keys() == {"batch_size", "learning_rate", "dropout", "patience"}
    assert model.get_params()["batch_size"] is None
    model.save(tmp_path / "m")
    assert elman.load(tmp_path / "m").chosen_ == model.chosen_


def test_how_much_longer_is_estimated_from_the_second_half():
    """Losses that fall by 0.1 each time that a training is twice as long."""
    losses = [3 - 0.1 * np.log2(n) for n in range(1, 17)]
    assert times_needed(losses, losses[-1] - 0.2) == pytest.approx(4, rel=0.05)
    assert times_needed(losses, 0.5) is None
    assert times_needed([2.0, 1.9, 1.95, 1.96, 1.97], 1.5) is None
    assert times_needed([2.0, 1.9], 1.5) is None
