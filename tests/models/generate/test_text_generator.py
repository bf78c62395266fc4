import pickle
from pathlib import Path

import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import elman
from elman.errors import DataError, InputError, ModelFileError
from elman.models.estimator.base import Estimator
from elman.train import RunFiles, write_container

TEXT = "to be, or not to be, that is the question.\n" * 30
TINY = {"hidden_size": 16, "num_layers": 1, "embedding_dim": 8, "batch_size": 4, "k1": 16, "epochs": 2, "dropout": 0.0}


@pytest.fixture(scope="module")
def model():
    return elman.TextGenerator(**TINY | {"epochs": 12, "learning_rate": 0.01}).fit(TEXT)


def weights(model):
    return {name: t.numpy().tobytes() for name, t in model.network_.state_dict().items()}


def test_it_learns(model):
    assert model.progress_.best < 0.5 * model.baselines_["bigram"]
    assert model.score(TEXT[:200]) < model.baselines_["bigram"]


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru", "dropout": 0.2, "num_layers": 2},
        {"cell": "rnn", "embedding_dim": None, "optimizer": "sgd"},
        {"k2": 24, "schedule": "cosine", "separator": "\n"},
        {"validation_fraction": 0, "optimizer": "rmsprop"},
    ],
)
def test_same_seed_same_weights_whatever_was_drawn_before(options):
    options = TINY | {"epochs": 1, "answer": "network"} | options
    first = elman.TextGenerator(**options).fit(TEXT)
    torch.rand(3)
    state = torch.get_rng_state()
    second = elman.TextGenerator(**options).fit(TEXT)
    assert torch.equal(torch.get_rng_state(), state)
    assert weights(first) == weights(second)
    other = elman.TextGenerator(**options, seed=1).fit(TEXT)
    assert weights(first) != weights(other)


def test_a_saved_model_is_the_same_model(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert weights(again) == weights(model)
    assert again.get_params() == model.get_params()
    assert again.generate("to", length=40).texts() == model.generate("to", length=40).texts()
    assert again.score(TEXT[:99]) == model.score(TEXT[:99])


def test_a_sample_does_not_depend_on_how_many_nor_on_how_it_is_read(model):
    alone = [model.generate("to ", length=30, temperature=2, seed=s).texts()[0] for s in (3, 4)]
    many = model.generate("to ", length=30, temperature=2, seed=3, samples=3)
    streamed = ["", "", ""]
    for piece in many:
        streamed[piece.sample] += piece.text
    assert streamed == many.texts() == model.generate("to ", length=30, temperature=2, seed=3, samples=3).texts()
    assert streamed[0] == alone[0]
    assert len({*streamed, alone[1]}) == 4


def test_writing_shows_prompt_and_length(model):
    writing = model.generate("to be", length=7, samples=2)
    assert [len(text) for text in writing.texts()] == [7, 7]
    assert str(writing).startswith("to be" + writing.texts()[0])
    assert model.generate("to", length=0).texts() == [""]
    assert len(model.generate(length=5).texts()[0]) == 5


def test_zero_temperature_is_the_likeliest_whatever_the_seed(model):
    assert model.generate("to", temperature=0, seed=1).texts() == model.generate("to", temperature=0, seed=2).texts()
    assert model.generate("to be, or", temperature=0, length=9).texts() == [" not to b"]


def test_a_stop_string_ends_a_sample(model):
    (text,) = model.generate("to be", length=300, stop="question", temperature=0.1).texts()
    assert text.endswith("question")
    assert text.count("question") == 1


def test_score_is_the_mean_over_all_but_the_first():
    model = elman.TextGenerator(**TINY, answer="network").fit(TEXT)
    one, two = model.score("to b"), model.score("to be")
    numbers = torch.tensor(model.alphabet_.encode("to be", "x")).long()
    with torch.no_grad():
        scores, _ = model.network_(numbers[:-1, None])
    expected = torch.nn.functional.cross_entropy(scores[:, 0], numbers[1:], reduction="none")
    assert two == pytest.approx(expected.mean().item(), rel=1e-5)
    assert one == pytest.approx(expected[:3].mean().item(), rel=1e-5)


def test_held_out_characters_that_training_lacks_are_counted():
    model = elman.TextGenerator(**TINY).fit(TEXT + "ÄÄ€")
    assert model.left_out_ == 3
    assert "€" not in model.alphabet_


def test_params_can_be_read_and_set_and_nothing_wrong_sticks():
    model = elman.TextGenerator(hidden_size=7)
    assert elman.TextGenerator(**model.get_params()).get_params() == model.get_params()
    assert model.set_params(hidden_size=9).hidden_size == 9
    with pytest.raises(InputError, match="hidden"):
        model.set_params(hidden_size=0)
    assert model.hidden_size == 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "mlp"}, "cell: should be rnn, gru or lstm, got 'mlp'"),
        ({"hidden_size": 0}, "hidden_size: should be greater than or equal to 1, got 0"),
        ({"hidden_size": 2.5}, "hidden_size: "),
        ({"dropout": 1.0}, "dropout: should be less than 1, got 1.0"),
        ({"learning_rate": 0}, "learning_rate: should be greater than 0"),
        ({"learning_rate": float("nan")}, "learning_rate: "),
        ({"k1": 8, "k2": 4}, "k2: expected k1 = 8 or more, got 4"),
        ({"validation_fraction": 1.0}, "validation_fraction: "),
        ({"patience": 2, "validation_fraction": 0}, "patience: "),
        ({"schedule": "cosine", "minutes": 1.0}, "schedule: cosine has to know"),
    ],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(InputError, match=message):
        elman.TextGenerator(**TINY | {"epochs": None} | options)


def test_an_unfitted_model_says_so(tmp_path):
    model = elman.TextGenerator()
    for act in (model.generate, lambda: model.score("ab"), lambda: model.save(tmp_path / "m")):
        with pytest.raises(InputError, match="not trained yet"):
            act()


def test_an_unfitted_model_is_what_scikit_learn_calls_one():
    with pytest.raises(NotFittedError):
        elman.TextGenerator().score("ab")
    with pytest.raises(NotFittedError):
        check_is_fitted(elman.TextGenerator())


def test_a_clone_has_the_options_and_no_weights(model):
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "network_")
    assert isinstance(pickle.loads(pickle.dumps(model)).score(TEXT[:50]), float)


def test_a_model_of_another_job_is_refused(model, tmp_path):
    class Other(Estimator):
        kind = "tagger"

    model.save(tmp_path / "m")
    assert isinstance(elman.load(tmp_path / "m", elman.TextGenerator), elman.TextGenerator)
    with pytest.raises(ModelFileError, match="m: expected the model of a tagger, got a text-generator file"):
        elman.load(tmp_path / "m", Other)


def test_too_short_texts_say_how_much_they_lack():
    with pytest.raises(DataError, match="too short: 45 characters to train on, batch_size 64 takes 65 or more"):
        elman.TextGenerator(batch_size=64).fit("x" * 50)
    with pytest.raises(DataError, match="two characters or more"):
        elman.TextGenerator(**TINY).fit(TEXT).score("t")


def test_a_checkpoint_is_no_model_and_a_broken_configuration_is_named(tmp_path):
    files = RunFiles.within(tmp_path)
    elman.TextGenerator(**TINY).fit(TEXT, files=files)
    with pytest.raises(ModelFileError, match="expected a model, got a checkpoint file"):
        elman.load(files.checkpoint)
    write_container(tmp_path / "x", "text-generator", {"settings": {"hidden_size": -1}}, {})
    with pytest.raises(ModelFileError, match="not a model this Elman can build"):
        elman.load(tmp_path / "x")


def test_a_run_leaves_its_files(tmp_path):
    files = RunFiles.for_model(tmp_path / "sub" / "m.safetensors")
    elman.TextGenerator(**TINY).fit(TEXT, files=files)
    names = {"m.safetensors", "m.checkpoint.safetensors", "m.metrics.jsonl", "m.loss.png"}
    assert {p.name for p in files.model.parent.iterdir()} == names
    assert files.picture.read_bytes().startswith(b"\x89PNG")


def test_a_text_in_a_file_trains_as_the_text_itself(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    one, two = elman.TextGenerator(**TINY).fit(path), elman.TextGenerator(**TINY).fit(TEXT)
    assert weights(one) == weights(two)


@pytest.mark.study
def test_tiny_shakespeare_reaches_what_the_plain_script_reached():
    text = Path(__file__).parents[3] / "shared/data/tinyshakespeare.txt"
    if not text.exists():
        pytest.skip("needs shared/data/tinyshakespeare.txt")
    recipe = {"hidden_size": 256, "num_layers": 2, "batch_size": 64, "k1": 128, "learning_rate": 2e-3}
    model = elman.TextGenerator(**recipe, dropout=0.0, ema_decay=0.0, epochs=1).fit(text)
    assert model.progress_.best == pytest.approx(2.075, abs=0.02)
