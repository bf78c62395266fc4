"""Make the network of a classifier and its training, once for all sequences or once for each fold of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from elman.data.sequences import Rows
from elman.data.splits import pick
from elman.models.classify.network import ClassifierNetwork, Ensemble, LabelledSequences, Network, loss_of, scores_of
from elman.models.classify.options import ClassifierOptions
from elman.models.classify.preprocess import Prepared, Preprocessor
from elman.models.classify.simple import CONVOLUTIONS, Examples, SimpleModels
from elman.models.estimator.answer import NETWORK, Scores
from elman.models.estimator.building import build
from elman.models.estimator.examples import ByLength
from elman.models.networks.encoder import Encoder
from elman.models.scoring.labels import Targets
from elman.signals import Interrupted, Stopped
from elman.train import Counters, Loop


@dataclass(frozen=True)
class LeftOut:
    """The scores of sequences by models that did not learn from them.

    Attributes:
        parts: the scores `(n, K)` of each model, by name, the network's last.
        targets: the truth.
        epochs: after which the networks of a cross-validation were best, in the middle; None without one.
    """

    parts: dict[str, Scores]
    targets: Targets
    epochs: int | None = None


def plan(preprocessor: Preprocessor, options: ClassifierOptions, embedding: int) -> Network:
    """Return a network for sequences that `preprocessor` reads, without vectors that somebody trained."""
    width = embedding if preprocessor.symbols else preprocessor.features
    members = [
        ClassifierNetwork(Encoder(preprocessor.symbols, width, options), options.pooling, len(preprocessor.labels))
        for _ in range(options.members or 1)
    ]
    return members[0] if len(members) == 1 else Ensemble(members)


def learned(
    network: Network, examples: Examples, preprocessor: Preprocessor, options: ClassifierOptions
) -> LabelledSequences:
    """Return sequences with the loss of training."""
    multilabel = preprocessor.labels.multilabel
    weights = preprocessor.labels.weights(options.class_weight, preprocessor.priors)
    loss = loss_of(multilabel, weights, options.label_smoothing)
    augment = options.augment if preprocessor.features else "none"
    return LabelledSequences(network, examples, loss, augment, None if multilabel else weights)


def task(
    network: Network,
    parts: tuple[Examples, Examples | None],
    preprocessor: Preprocessor,
    options: ClassifierOptions,
    baselines: dict[str, float],
    loss_unit: str,
) -> ByLength:
    """Return the training of a network.

    Args:
        network: what learns.
        parts: to learn from, and held out.
        preprocessor: how they were read.
        options: with nothing left open.
        baselines: held-out losses of the simple models.
        loss_unit: of the losses.
    """
    training, held_out = parts
    multilabel = preprocessor.labels.multilabel
    return ByLength(
        network,
        learned(network, training, preprocessor, options),
        LabelledSequences(network, held_out, loss_of(multilabel)) if held_out else None,
        batch=options.batch_size or 1,
        seed=options.seed,
        target="sequence",
        loss_unit=loss_unit,
        baselines=baselines,
    )


def cross_validate(
    data: Prepared,
    options: ClassifierOptions,
    whole: tuple[SimpleModels, dict[str, Scores]],
    loss_unit: str,
) -> LeftOut:
    """Train a single network and the simple models for each fold, without it, and return their scores of it.

    The folds and their networks follow from the seed alone, so that a resumed training has the same ones.

    Args:
        data: with folds.
        options: with nothing left open.
        whole: the simple models of all sequences, and scores by those that leave one out at a time.
        loss_unit: of the losses.

    Raises:
        TrainingError: a loss or gradient is not finite.
        Stopped: Ctrl-C (a KeyboardInterrupt); nothing is saved yet, and the training starts anew.
    """
    folds, preprocessor = data.folds, data.preprocessor
    options = replace(options, members=1)
    if folds is None:
        raise ValueError("cross_validate: expected folds")
    rows = np.flatnonzero(folds >= 0)
    targets = data.training.targets
    found: dict[str, Scores] = {}
    epochs = []
    for fold in range(int(folds.max()) + 1):
        asked = np.flatnonzero(folds == fold)
        if not len(asked):
            continue
        simple, own, parts = _without(data, options, whole[0], np.flatnonzero(folds != fold), asked)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = build(lambda own=own: plan(own, options, options.embedding_dim))  # type: ignore[misc]
            training = task(network, parts, own, replace(options, pretrained=None), {}, loss_unit)
            counters = _run(Loop(training, options, {"fold": fold, **data.fingerprint()}, {}))
        network.eval()
        epochs.append(counters.best_step / training.steps_per_epoch)
        scores = simple.scores(parts[1].items, parts[1].inputs)
        for name, part in (scores | {NETWORK: scores_of(network, parts[1].inputs)}).items():
            found.setdefault(name, np.zeros((len(folds), len(preprocessor.labels))))[asked] = part
    network_scores = found.pop(NETWORK)
    in_order = {name: scores[rows] for name, scores in (found | whole[1] | {NETWORK: network_scores}).items()}
    return LeftOut(in_order, targets[rows], max(round(float(np.median(epochs))), 1))


def _run(loop: Loop) -> Counters:
    try:
        return loop.run()
    except Interrupted as error:  # no file holds what was reached
        raise Stopped(error.number) from error


def _without(
    data: Prepared, options: ClassifierOptions, like: SimpleModels, taught: Rows, asked: Rows
) -> tuple[SimpleModels, Preprocessor, tuple[Examples, Examples]]:
    """Return what is learned from some of the sequences alone, and those and others as it reads them."""
    items, names = data.training.items, data.names
    labels = data.preprocessor.labels
    own = Preprocessor.fit(pick(items, taught), pick(names, taught), options, labels)
    first, second = (own.label(pick(items, rows), pick(names, rows)) for rows in (taught, asked))
    simple, _ = SimpleModels.fit(own.input, first, labels, options, without=(CONVOLUTIONS,), like=like)
    return simple, own, (first, second)


def joined(first: Examples, second: Examples | None) -> Examples:
    """Return all sequences of two parts."""
    if second is None:
        return first
    items: Any = [*first.items, *second.items]
    inputs = type(first.inputs).of([part[row] for part in (first.inputs, second.inputs) for row in range(len(part))])
    targets: Any = np.concatenate((first.targets, second.targets))
    return Examples(items, inputs, targets)
