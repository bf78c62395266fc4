"""The linear tagger: its features against a slow count, its step against torch's gradient, and what it learns."""

from collections import Counter

import numpy as np
import pytest
import torch
from tests.tolerance import assert_close

from elman.data.sequences import Sequences
from elman.models.networks.crf import ConditionalRandomField
from elman.models.tag import linear
from elman.models.tag.chains import Chain
from elman.models.tag.linear import SQUARES, VALUES, LinearTagger
from elman.models.tag.templates import OF_SYMBOLS, OF_WORDS, Features
from elman.models.tag.words import COLUMNS, LEAST_WORDS, PARTS, WordParts, outline, shape


def drawn(columns=None, seed=0):
    random = np.random.default_rng(seed)
    shape_of = (lambda n: n) if columns is None else (lambda n: (n, columns))
    return Sequences.of([random.integers(0, 4, shape_of(int(n))) for n in random.integers(1, 9, 30)])


@pytest.mark.parametrize(("columns", "templates"), [(None, OF_SYMBOLS), (len(COLUMNS), OF_WORDS)])
def test_features_are_those_that_a_slow_count_finds(columns, templates):
    inputs = drawn(columns)
    rows = [[np.atleast_1d(step) for step in inputs[k]] for k in range(len(inputs))]

    def names(row, at):
        for template in templates:
            steps = [(COLUMNS.index(column), at + step) for column, step in template]
            held = [row[k][column] if 0 <= k < len(row) else "edge" for column, k in steps]
            yield None if 0 in [one for one in held if not isinstance(one, str)] else (template, tuple(held))

    found = [list(names(row, at)) for row in rows for at in range(len(row))]
    counts = Counter(name for step in found for name in step if name)
    kept = {name for name, count in counts.items() if count > 1 or len(name[0]) == 1}
    features = Features.fit(inputs)
    numbers = features.numbers(inputs)
    assert len(features) == len(kept)
    pairs = {
        (name if name in kept else None, int(n))
        for step, row in zip(found, numbers, strict=True)
        for name, n in zip(step, row, strict=True)
    }
    assert len(pairs) == len(kept) + 1  # each has a number of its own, and all others the last one
    assert (None, len(features)) in pairs


def test_a_step_follows_the_gradient_of_the_loss():
    inputs, kinds = drawn(), 3
    tags = np.random.default_rng(1).integers(0, kinds, len(inputs.values))
    features = Features.fit(inputs)
    (batch,) = linear._batches(features, inputs, tags, len(inputs), 0)
    random = np.random.default_rng(2)
    weights, jumps = linear._Mean(len(features), kinds), linear._Mean(kinds + 2, kinds)
    for learned in (weights, jumps):
        learned.rows[:, VALUES] = random.standard_normal((len(learned.rows), kinds))
    field = ConditionalRandomField(kinds)
    own = torch.from_numpy(np.vstack((weights.rows[:, VALUES], np.zeros(kinds, np.float32)))).requires_grad_()
    with torch.no_grad():
        field.transitions.copy_(torch.from_numpy(jumps.rows[:-2, VALUES]))
        field.start.copy_(torch.from_numpy(jumps.rows[-2, VALUES]))
        field.end.copy_(torch.from_numpy(jumps.rows[-1, VALUES]))
    packing = inputs.pack(np.arange(len(inputs)))
    numbers = torch.from_numpy(features.numbers(inputs)[packing.places])
    given = torch.from_numpy(tags[packing.places]), torch.from_numpy(packing.batch_sizes)
    field.loss(own[numbers].sum(1), *given).backward()
    linear._learn(batch, weights, jumps, 0)
    found, wanted = weights.rows[:, SQUARES] - linear.BEGUN, own.grad[:-1] ** 2
    assert_close(torch.from_numpy(found), wanted, "squared gradients of weights")
    found = jumps.rows[:, SQUARES] - linear.BEGUN
    wanted = torch.vstack((field.transitions.grad, field.start.grad, field.end.grad)) ** 2
    assert_close(torch.from_numpy(found), wanted, "squared gradients of transitions")


def test_the_mean_is_that_of_all_values_on_the_way():
    mean, seen, random = linear._Mean(3, 2), [], np.random.default_rng(0)
    for update in range(7):
        some = mean.rows[[0, 2]]
        mean.update(some, random.standard_normal((2, 2)).astype(np.float32), update)
        mean.rows[[0, 2]] = some
        seen.append(mean.rows[:, VALUES].copy())
    assert_close(torch.from_numpy(mean.mean(7)), torch.from_numpy(np.mean(seen, axis=0)), "mean")


def test_too_many_weights_are_not_fitted(monkeypatch):
    inputs = drawn()
    tags = inputs.values % 2
    assert LinearTagger.fit(inputs, tags, 2, 0) is not None
    monkeypatch.setattr(linear, "MOST_WEIGHTS", 10)
    assert LinearTagger.fit(inputs, tags, 2, 0) is None


def test_it_learns_what_no_window_of_symbols_tells():
    """A tag stays until symbol 1 or 2 sets it, however many steps ago that was."""

    def task(seed):
        random = np.random.default_rng(seed)
        rows = [np.concatenate(([1], random.choice([1, 2, 3], 30, p=[0.1, 0.1, 0.8]))) for _ in range(60)]
        tags = [[next(symbol for symbol in row[at::-1] if symbol < 3) - 1 for at in range(len(row))] for row in rows]
        return Sequences.of(rows), np.concatenate(tags)

    tagger = LinearTagger.fit(*task(0), 2, 0)
    again = LinearTagger.from_state(tagger.content(), tagger.tensors(), 2)
    inputs, tags = task(1)
    assert_close(again.scores(inputs), tagger.scores(inputs), "scores")
    chain = Chain(again.scores(inputs), again.put_into(ConditionalRandomField(2)))
    assert (chain.best(inputs) == tags).mean() > 0.98
    assert (chain.scores.argmax(1).numpy() == tags).mean() < 0.95


def test_parts_of_words():
    assert shape("McDonald-3") == "XxXxxxxx-9"
    assert outline("McDonald-33") == "XxXx-9"
    words = [f"word{k}ing" for k in range(LEAST_WORDS)]
    parts = WordParts.fit([words])
    known, new = parts.encode([["word7ing"], ["Strange7ing"]])
    columns = dict(zip(PARTS, range(len(PARTS)), strict=True))
    assert (known > 0).all()
    assert new[columns["ending 4"]] == known[columns["ending 4"]]
    assert new[columns["beginning 1"]] == 0
    assert new[columns["lower"]] == 0
    assert WordParts.fit([words[1:]]) is None  # too few
    assert WordParts.fit([list(map(chr, range(200, 200 + LEAST_WORDS)))]) is None  # characters
    assert WordParts(parts.content()).encode([words]).tolist() == parts.encode([words]).tolist()
