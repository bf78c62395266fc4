"""The decoder: all steps at once against one by one, attention, padding, and what it reads in training."""

import pytest
import torch
from tests.tolerance import assert_close
from torch import nn

from elman.models.networks.attention import Attention
from elman.models.networks.beam_search import BOS_EOS, Beam, search
from elman.models.networks.decoder import Targets, Writing
from elman.models.translate.network import EncoderDecoder, Sources
from elman.models.translate.options import TranslatorOptions

SIZES = {
    "hidden_size": 9,
    "num_layers": 1,
    "embedding_dim": 5,
    "dropout": 0.0,
    "symbol_dropout": 0.0,
    "bidirectional": True,
    "attend": True,
}


def network(seed=0, **changes):
    torch.manual_seed(seed)
    made = EncoderDecoder(12, 11, TranslatorOptions(**SIZES | {"cell": "lstm"} | changes))
    for weight in made.parameters():  # large enough for attention and states to matter
        nn.init.normal_(weight, std=0.5)
    return made.eval()


def a_batch(seed=0):
    """Four rows; of what can be copied, 11 to 13 are symbols of no vocabulary."""
    torch.manual_seed(seed)
    read, lengths = torch.tensor([7, 1, 4, 2]), torch.tensor([2, 6, 2, 4])
    copies = torch.randint(0, 14, (4, 7)).masked_fill(torch.arange(7) >= read[:, None], 0)
    copies[:, 0] = torch.tensor([11, 13, 12, 11])
    symbols = torch.randint(2, 11, (4, 6))
    symbols[torch.arange(4), lengths - 1] = BOS_EOS
    return Sources(torch.randint(0, 12, (4, 7)), read, copies), Targets(symbols, lengths)


def with_strange_symbols(batch):
    """The same, where each row is to write a symbol of no vocabulary first."""
    sources, targets = batch
    targets.symbols[:, 0] = sources.copies[:, 0]
    return sources, targets


def one_row(batch, row):
    sources, targets = batch
    s, t = int(sources.lengths[row]), int(targets.lengths[row])
    return (
        Sources(sources.symbols[row : row + 1, :s], sources.lengths[row : row + 1], sources.copies[row : row + 1, :s]),
        Targets(targets.symbols[row : row + 1, :t], targets.lengths[row : row + 1]),
    )


def stepwise_nats(net, sources, targets):
    """The loss of one row, written out symbol by symbol as in decoding."""
    writing, latest, total = Writing(net.decoder, net.read(sources)), BOS_EOS, 0.0
    for symbol in targets.symbols[0].tolist():
        total -= float(writing.step(torch.tensor([latest]))[0, symbol])
        latest = symbol
    return total


KINDS = [
    {"cell": cell, "num_layers": layers, "attend": attention, "bidirectional": both, "copying": copies}
    for cell, layers, attention, both, copies in [
        ("lstm", 1, True, True, False),
        ("lstm", 2, False, True, False),
        ("gru", 2, True, False, True),
        ("rnn", 1, True, True, False),
        ("lstm", 1, True, True, True),
    ]
]


def batch_for(kind):
    return with_strange_symbols(a_batch()) if kind["copying"] else a_batch()


@pytest.mark.parametrize("kind", KINDS, ids=str)
@torch.no_grad()
def test_teacher_forcing_costs_what_decoding_step_by_step_costs(kind):
    net, (sources, targets) = network(**kind), batch_for(kind)
    total = sum(stepwise_nats(net, *one_row((sources, targets), row)) for row in range(4))
    loss = net.decoder.loss(net.read(sources), targets)
    assert_close(loss, torch.tensor(total / int(targets.lengths.sum())), "loss")


@pytest.mark.parametrize("kind", KINDS, ids=str)
@torch.no_grad()
def test_padding_is_not_read(kind):
    net, (sources, targets) = network(**kind), batch_for(kind)
    other = (
        sources._replace(symbols=sources.symbols.clone()),
        Targets(targets.symbols.clone(), targets.lengths),
    )
    for rows, lengths, *_ in other:
        rows[torch.arange(rows.shape[1]) >= lengths[:, None]] = 3
    want = net.decoder.loss(net.read(sources), targets)
    assert_close(net.decoder.loss(net.read(other[0]), other[1]), want, "loss")
    other[0].symbols[2, 3] = 11 - other[0].symbols[2, 3]  # a symbol within the length is read
    assert abs(float(net.decoder.loss(net.read(other[0]), other[1]) / want) - 1) > 1e-4


@torch.no_grad()
def test_weights_sum_to_one_and_leave_padding_out():
    attention = Attention(6, 4)
    memory = attention.memory(torch.randn(3, 5, 4), torch.tensor([5, 1, 3]))
    weights = attention.weights(torch.randn(3, 2, 6) * 5, memory)
    assert_close(weights.sum(dim=-1), torch.ones(3, 2), "sums")
    assert (weights[1, :, 1:] == 0).all()
    assert (weights[2, :, 3:] == 0).all()
    assert (weights[0] > 0).all()


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("width", [1, 4])
@torch.no_grad()
def test_a_batch_never_changes_what_is_written(kind, width):
    net, (sources, targets) = network(seed=3, **kind), a_batch(3)
    limits, beam = [9, 9, 9, 9], Beam(width, 0.6)
    together = search(Writing(net.decoder, net.read(sources)), limits, beam)
    assert any(hypothesis.symbols for hypothesis in together)
    for row in range(4):
        alone = search(Writing(net.decoder, net.read(one_row((sources, targets), row)[0])), [9], beam)
        assert alone[0].symbols == together[row].symbols
        assert alone[0].score == pytest.approx(together[row].score, rel=1e-5)


@torch.no_grad()
def test_symbols_that_must_not_be_written_are_not():
    net, (sources, _) = network(), a_batch()
    free = search(Writing(net.decoder, net.read(sources)), [9] * 4, Beam(1, 0.0))
    banned = {symbol for hypothesis in free for symbol in hypothesis.symbols}
    assert banned
    others = search(Writing(net.decoder, net.read(sources), tuple(banned)), [9] * 4, Beam(1, 0.0))
    assert not banned & {symbol for hypothesis in others for symbol in hypothesis.symbols}


@pytest.mark.parametrize("copies", [False, True])
@torch.no_grad()
def test_without_forcing_it_reads_its_own_choices(copies):
    net, (sources, targets) = network(copying=copies), batch_for({"copying": copies})
    source = net.read(sources)
    states = net.decoder.states(source, targets, targets.inputs)
    own = net.decoder.log_probabilities(states, source.memory, targets.inputs).argmax(dim=-1)
    mixed = net.decoder._mixed_inputs(source, targets, 0.0)
    assert (mixed[:, 0] == BOS_EOS).all()
    assert torch.equal(mixed[:, 1:], own[:, :-1])
    assert torch.equal(net.decoder._mixed_inputs(source, targets, 1.0), targets.inputs)
    assert float(net.decoder.loss(source, targets, forcing=0.0)) != float(net.decoder.loss(source, targets))


@pytest.mark.parametrize("copies", [False, True])
def test_every_weight_learns(copies):
    net, (sources, targets) = network(num_layers=2, copying=copies), batch_for({"copying": copies})
    net.decoder.loss(net.read(sources), targets, smoothing=0.1).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@torch.no_grad()
def test_smoothing_is_torchs():
    net, (sources, targets) = network(), a_batch()
    source = net.read(sources)
    states = net.decoder.states(source, targets, targets.inputs)
    scores = net.decoder.log_probabilities(states, source.memory, targets.inputs)
    rows = torch.log_softmax(targets.packed(scores).data, dim=-1)
    wanted = targets.packed(targets.symbols).data
    hard, even = -rows.gather(1, wanted[:, None]).mean(), -rows.mean()
    got = net.decoder.loss(source, targets, smoothing=0.2)
    assert_close(got, 0.8 * hard + 0.2 * even, "smoothed")
