import numpy as np
import pytest
import torch
from tests.tolerance import assert_close
from torch import nn
from torch.nn.functional import cross_entropy

from elman.data.sequences import Sequences
from elman.models.networks.encoder import Encoder
from elman.models.tag.network import TaggedSteps, TaggingNetwork, chain_of
from elman.models.tag.options import TaggerOptions
from elman.ops.dispatch import use_backend

LENGTHS = [3, 7, 1, 5, 7, 2]
OPTIONS = [
    {"cell": cell, "num_layers": layers, "bidirectional": bidirectional}
    for cell, layers, bidirectional in (("lstm", 2, True), ("gru", 1, False), ("rnn", 1, True))
]


def network(dropout=0.0, **options):
    torch.manual_seed(0)
    options = TaggerOptions(hidden_size=6, dropout=dropout, input_dropout=0.0, symbol_dropout=0.0, **options)
    return TaggingNetwork(Encoder(9, 5, options), 4).eval()


def sequences():
    random = np.random.default_rng(0)
    return Sequences.of([random.integers(0, 9, length) for length in LENGTHS])


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options["cell"])
def test_company_never_changes_a_sequence(options, backend):
    """Whatever the batch and the order, each sequence gets what it gets alone through torch's layers, unpacked."""
    ours, inputs = network(**options), sequences()
    theirs = getattr(nn, options["cell"].upper())(5, 6, options["num_layers"], bidirectional=options["bidirectional"])
    theirs.load_state_dict(ours.encoder.recurrent.state_dict())
    with torch.no_grad():
        for batch in (1, 4, 6):
            with use_backend(backend):
                found = chain_of(ours, inputs, batch).scores
            for row, begin in enumerate(inputs.starts[:-1]):
                y, _ = theirs(ours.encoder.embed(torch.from_numpy(inputs[row])))
                assert_close(found[begin : begin + LENGTHS[row]], ours.head(y), f"row {row} of {batch}")


def test_the_loss_is_the_mean_over_steps_and_every_step_counts_once():
    inputs = sequences()
    tags = np.random.default_rng(1).integers(0, 4, sum(LENGTHS))
    examples = TaggedSteps(network(**OPTIONS[0]), inputs, tags)
    rows = np.array([0, 4, 2])
    whole = chain_of(examples.network, inputs, 6).scores
    steps = np.concatenate([np.arange(inputs.starts[row], inputs.starts[row + 1]) for row in rows])
    batch = examples.loss(rows)
    assert batch.count == 3 + 7 + 1
    assert_close(batch.loss.detach(), cross_entropy(whole[steps], torch.from_numpy(tags)[steps]), "loss")
    assert examples.lengths.tolist() == LENGTHS


def test_dropout_is_for_training_alone():
    noisy = network(cell="gru", num_layers=1, bidirectional=False, dropout=0.5).train()
    examples = TaggedSteps(noisy, sequences(), np.zeros(sum(LENGTHS), np.int64))
    rows = np.arange(6)
    assert examples.loss(rows).loss != examples.loss(rows).loss
    noisy.eval()
    assert examples.loss(rows).loss == examples.loss(rows).loss
