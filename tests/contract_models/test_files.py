"""Model files and checkpoints that somebody resealed: every part dropped, mistyped or of another size, for every kind.

A file's checksum says that it is what somebody wrote, not that Elman wrote it. Whatever is in it, it is read or refused
in one line, and a model that was read answers, or says in one line why it does not.
"""

import copy
import shutil

import numpy as np
import pytest
import torch
from tests.contract_models.registry import CASES

import elman
from elman.errors import ElmanError
from elman.quoting import printable
from elman.train import RunFiles, read_container, write_container

pytestmark = pytest.mark.usefixtures("without_pictures")
KINDS = sorted(CASES)
DEEP = [[[[[[[[]]]]]]]]
VALUES = [None, "", "text", -1, 0, 1, 2**31, 2**70, 0.5, 1e308, -1e308, float("nan"), float("inf"), True, [], {}, DEEP]


def places(content, path=()):
    """Return the path of every part of JSON; of long lists the first and the last item."""
    yield path
    if isinstance(content, dict):
        for key in content:
            yield from places(content[key], (*path, key))
    elif isinstance(content, list):
        for at in sorted({0, len(content) - 1}) if content else ():
            yield from places(content[at], (*path, at))


def mutations(content):
    """Return every change of one part of JSON: left out, or of each other value."""
    for path in list(places(content)):
        if path:
            yield path, "dropped", _changed(content, path)
        for value in VALUES:
            yield path, value, _changed(content, path, value)


def _changed(content, path, *value):
    if not path:
        return value[0]
    whole = copy.deepcopy(content)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    if value:
        inner[path[-1]] = value[0]
    else:
        del inner[path[-1]]
    return whole


def tensor_mutations(tensors):
    """Return every change of one tensor: left out, renamed, or of other sizes, types and values."""
    for name, tensor in tensors.items():
        others = {key: value for key, value in tensors.items() if key != name}
        yield name, "dropped", others
        yield name, "renamed", others | {f"{name}x": tensor}
        yield name, "none of ours", tensors | {f"\x1b{name}": tensor.clone()}
        for what, changed in [
            ("empty", tensor.new_zeros(0)),
            ("one number", tensor.new_zeros(())),
            ("longer", torch.cat((tensor.reshape(-1), tensor.reshape(-1)))),
            ("wider", tensor[None]),
            ("shorter", tensor[:-1] if tensor.dim() else tensor),
            ("bytes", torch.zeros(tensor.shape, dtype=torch.uint8)),
            ("whole numbers", torch.ones(tensor.shape, dtype=torch.int64)),
            ("double", tensor.double()),
            ("half", tensor.half()),
            ("complex", torch.zeros(tensor.shape, dtype=torch.complex64)),
            ("not a number", torch.full(tensor.shape, float("nan"))),
            ("infinite", torch.full(tensor.shape, -float("inf"))),
            ("large", torch.full(tensor.shape, 3e38)),
            ("zero", torch.zeros_like(tensor)),
        ]:
            yield name, what, others | {name: changed}


def chosen(changes, count, seed=0):
    """Return so many of the changes, or all."""
    changes = list(changes)
    if count is None or count >= len(changes):
        return changes
    return [changes[at] for at in np.random.default_rng(seed).choice(len(changes), count, replace=False)]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Return a function: the kind of a case, its content and tensors, its checkpoint's, and what to fit it on."""
    known: dict[str, RunFiles] = {}
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("os.fsync", lambda *_: None)  # a thousand files, none of them to keep

    def of(kind):
        if kind not in known:
            files = RunFiles.within(tmp_path_factory.mktemp("run"))
            CASES[kind].make(epochs=1).fit(*CASES[kind].data(), files=files)
            known[kind] = files
        return known[kind]

    yield of
    monkeypatch.undo()


def outcome(what, path, do):
    """Return what is wrong with how `do` ended, if anything: it may succeed, or say one line."""
    try:
        do()
    except ElmanError as error:
        said = str(error)
        return [] if printable(said) == said and len(said) < len(str(path)) + 600 else [(what, said)]
    except Exception as error:  # what must not come, whatever it is
        return [(what, repr(error)[:300])]
    return []


def try_models(kind, files, tmp_path, count):
    path, wrong = tmp_path / "m.safetensors", []
    name, content, tensors = read_container(files.model)
    CASES[kind].ask(elman.load(files.model))
    changes = [(what, how, changed, tensors) for what, how, changed in chosen(mutations(content), count)]
    changes += [(what, how, content, changed) for what, how, changed in chosen(tensor_mutations(tensors), count)]
    for what, how, changed, numbers in changes:
        write_container(path, name, changed, numbers)
        wrong += outcome((what, how), path, lambda: CASES[kind].ask(elman.load(path)))
    assert not wrong


def try_checkpoints(kind, files, tmp_path, count):
    case, again, wrong = CASES[kind], RunFiles.within(tmp_path), []
    _, content, tensors = read_container(files.checkpoint)
    content["finished"] = False
    write_container(again.checkpoint, "checkpoint", content, tensors)
    shutil.copy(files.metrics, again.metrics)
    case.make(epochs=2).fit(*case.data(), files=again, resume=True)
    changes = [(what, how, changed, tensors) for what, how, changed in chosen(mutations(content), count)]
    changes += [(what, how, content, changed) for what, how, changed in chosen(tensor_mutations(tensors), count)]
    for what, how, changed, numbers in changes:
        write_container(again.checkpoint, "checkpoint", changed, numbers)
        shutil.copy(files.metrics, again.metrics)
        wrong += outcome(
            (what, how), again.checkpoint, lambda: case.make(epochs=2).fit(*case.data(), files=again, resume=True)
        )
    assert not wrong


@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered", "ignore:divide by zero")
@pytest.mark.parametrize("kind", KINDS)
def test_a_resealed_model_is_read_or_refused(fitted, tmp_path, kind):
    try_models(kind, fitted(kind), tmp_path, 5)


@pytest.mark.study
@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered", "ignore:divide by zero")
@pytest.mark.parametrize("kind", KINDS)
def test_every_resealed_model_is_read_or_refused(fitted, tmp_path, kind):
    try_models(kind, fitted(kind), tmp_path, None)


@pytest.mark.filterwarnings("ignore:.* resumed by 1")
@pytest.mark.parametrize("kind", ["text generator", "tagger of series"])
def test_a_resealed_checkpoint_is_resumed_or_refused(fitted, tmp_path, kind):
    try_checkpoints(kind, fitted(kind), tmp_path, 5)


@pytest.mark.study
@pytest.mark.filterwarnings("ignore:.* resumed by 1")
@pytest.mark.parametrize("kind", KINDS)
def test_every_resealed_checkpoint_is_resumed_or_refused(fitted, tmp_path, kind):
    try_checkpoints(kind, fitted(kind), tmp_path, None)
