"""What every estimator keeps: same seed same bits, one file, exact resuming, scikit-learn's habits, early errors."""

import copy
import functools
import inspect
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from tests.contract_models.registry import CASES

import elman
from elman.errors import InputError, ModelFileError
from elman.ops.dispatch import use_backend
from elman.options import declared
from elman.train import Callback, RunFiles, read_container

pytestmark = [pytest.mark.parametrize("name", CASES), pytest.mark.usefixtures("without_pictures")]


class CutOffError(Exception):
    pass


class Cut(Callback):
    """Ends a training at its first evaluation, as a crash would."""

    def on_evaluation(self, progress):
        raise CutOffError


def fitted(name, **options):
    case = CASES[name]
    return case.make(**options).fit(*case.data())


@functools.cache
def given(name):
    """Return the data of `plain`, and a copy from before it was fitted."""
    data = CASES[name].data()
    return data, copy.deepcopy(data)


@functools.cache
def plain(name):
    """Return the model with the small options, which tests share and leave as it is."""
    return CASES[name].make().fit(*given(name)[0])


NETWORK = {"epochs": 1, "answer": "network", "ngrams": False, "convolutions": False}
"""Enough for tests of weights alone; simple models have none."""


def network(name, **options):
    """Fit a model for one pass, without what else may answer where that can be left out."""
    known = {key: value for key, value in (NETWORK | options).items() if key in CASES[name].make().get_params()}
    return fitted(name, **known)


once = functools.cache(network)


def weights(model):
    return {name: tensor.numpy().tobytes() for name, tensor in model.network_.state_dict().items()}


def same(one, two):
    np.testing.assert_array_equal(np.asarray(one, dtype=object), np.asarray(two, dtype=object))


def test_same_seed_same_weights_and_the_callers_random_state_is_untouched(name):
    """Fitting again forgets what was before."""
    model = copy.deepcopy(once(name))
    torch.rand(3)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    model.fit(*CASES[name].data())
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.random.get_state()[1].tolist() == numpy_state  # noqa: NPY002
    assert weights(model) == weights(once(name))
    assert weights(network(name, seed=1)) != weights(model)


def test_a_saved_model_answers_the_same(name, tmp_path):
    case, model = CASES[name], plain(name)
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors", type(model))
    assert weights(again) == weights(model)
    assert again.get_params() == model.get_params()
    assert again.progress_ == model.progress_
    assert again.baselines_ == model.baselines_
    same(case.ask(again), case.ask(model))
    again.save(tmp_path / "twice.safetensors")
    (_, one, _), (_, two, _) = (read_container(tmp_path / f"{file}.safetensors") for file in ("m", "twice"))
    assert one == two


def test_a_pickled_model_answers_the_same(name):
    case, model = CASES[name], plain(name)
    same(case.ask(pickle.loads(pickle.dumps(model))), case.ask(model))


def test_a_training_that_was_cut_off_ends_with_the_same_bits(name, tmp_path):
    case, whole = CASES[name], network(name, ema_decay=0.9, epochs=2)
    files, made = RunFiles.within(tmp_path), functools.partial(clone, whole)
    with pytest.raises(CutOffError):
        made().fit(*case.data(), files=files, callback=Cut(), checkpoint_seconds=0.0)
    with pytest.raises(ModelFileError, match="unfinished training"):
        made().fit(*case.data(), files=files)
    torch.rand(5)
    resumed = made().fit(*case.data(), files=files, resume=True)
    assert weights(resumed) == weights(whole)
    assert resumed.progress_.step == whole.progress_.step
    same(case.ask(elman.load(files.model)), case.ask(whole))


def test_a_checkpoint_of_other_options_or_data_is_refused(name, tmp_path):
    case, files, made = CASES[name], RunFiles.within(tmp_path), functools.partial(clone, once(name))
    made().fit(*case.data(), files=files)
    option, value = case.change
    with pytest.raises(ModelFileError, match=f"{option} was .*, is {value}"):
        made().set_params(**{option: value}).fit(*case.data(), files=files, resume=True)
    other = [part[: len(part) - 4] for part in case.data()]
    with pytest.raises(ModelFileError, match="another configuration"):
        made().fit(*other, files=files, resume=True)


def test_a_file_of_another_job_is_refused(name, tmp_path):
    model = plain(name)
    model.save(tmp_path / "m.safetensors")
    (other, *_) = (case for case in map(type, (each.make() for each in CASES.values())) if case is not type(model))
    with pytest.raises(ModelFileError, match=f"expected the model of a {other.kind}, got a {model.kind} file"):
        elman.load(tmp_path / "m.safetensors", other)


def test_every_weight_learns(name):
    """A layer that nothing reaches, or a training that does nothing, would otherwise pass for determinism."""
    slow, fast = once(name).network_, network(name, learning_rate=0.02).network_
    pairs = zip(slow.named_parameters(), fast.parameters(), strict=True)
    assert [weight for (weight, one), other in pairs if torch.equal(one, other)] == []


def test_what_was_given_is_left_as_it_was(name):
    CASES[name].ask(plain(name))
    data, before = given(name)
    same(
        [np.asarray(row).tolist() for part in data for row in part], [np.asarray(r).tolist() for p in before for r in p]
    )


def test_company_never_changes_an_answer(name):
    """Inputs of unequal lengths in one batch get what each gets alone, on either backend: nothing is padded."""
    case = CASES[name]
    if case.alone is None:
        pytest.skip("its answers are not about inputs")
    model = plain(name)
    for backend in ("native", "reference"):
        with use_backend(backend):
            together, alone = np.asarray(case.ask(model)), np.asarray(case.alone(model))
        if together.dtype.kind == "f":
            np.testing.assert_allclose(together, alone, rtol=1e-5)
        else:
            np.testing.assert_array_equal(together, alone)


def test_both_backends_learn_the_same(name):
    with use_backend("reference"):
        slow = network(name, dropout=0.0, epochs=2)
    np.testing.assert_allclose(network(name, dropout=0.0, epochs=2).progress_.best, slow.progress_.best, rtol=1e-3)


def test_a_clone_has_the_options_and_nothing_learned(name):
    model = plain(name)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    with pytest.raises(NotFittedError, match="not trained yet"):
        twin.save("nowhere")


def test_options_are_checked_where_they_are_given_and_nothing_wrong_sticks(name):
    case, model = CASES[name], CASES[name].make()
    option, value, message = case.raised
    before = model.get_params()
    with pytest.raises(InputError, match=message):
        model.set_params(**{option: value})
    with pytest.raises(InputError, match="nonsense: "):
        model.set_params(nonsense=1)
    assert model.get_params() == before
    with pytest.raises(InputError, match=message):
        case.make(**{option: value})
    setattr(model, option, value)
    with pytest.raises(InputError, match=message):
        model.fit(*case.data())


def test_constructor_and_docstring_come_from_the_declared_options(name):
    estimator = type(CASES[name].make())
    defaults = {name: p.default for name, p in inspect.signature(estimator).parameters.items()}
    assert defaults == {option.name: option.default for option in declared(estimator.options)}
    for option in defaults:
        assert f"\n        {option}: " in estimator.__doc__, option


def test_both_backends_give_the_same_answers(name):
    case, native = CASES[name], plain(name)
    answers = case.ask(native)
    if not isinstance(answers, np.ndarray) or answers.dtype.kind != "f":
        pytest.skip("answers that are no numbers may differ where two are nearly as likely")
    with use_backend("reference"):
        np.testing.assert_allclose(case.ask(native), answers, rtol=1e-4)


def test_the_kind_of_a_file_is_the_estimators_own(name):
    kinds = [type(case.make()).kind for case in CASES.values()]
    classes = {type(case.make()) for case in CASES.values()}
    assert len(set(kinds)) == len(classes)
