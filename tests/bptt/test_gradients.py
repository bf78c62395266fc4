import math

import pytest
import torch
from torch import nn
from torch.nn import Parameter

from elman.bptt import Clip, first_fault


def parameters(*grads):
    made = []
    for grad in grads:
        p = Parameter(torch.zeros(len(grad)))
        p.grad = torch.tensor(grad)
        made.append(p)
    return made


def test_the_norm_is_global():
    ps = parameters([3.0, 0.0], [4.0])
    seen = Clip(norm=1.0)(ps, torch.tensor(2.0))
    assert (seen.loss, seen.norm, seen.clipped, seen.finite) == (2.0, 5.0, True, True)
    torch.testing.assert_close(ps[0].grad, torch.tensor([0.6, 0.0]))
    torch.testing.assert_close(ps[1].grad, torch.tensor([0.8]))


def test_a_small_gradient_keeps_its_bits():
    ps = parameters([0.1, 0.2], [0.3])
    assert not Clip(norm=1.0, value=0.5)(ps, torch.tensor(0.0)).clipped
    assert ps[0].grad.tolist() == torch.tensor([0.1, 0.2]).tolist()


def test_values_are_cut_one_by_one_and_before_the_norm():
    ps = parameters([3.0, -0.5], [-4.0])
    assert Clip(value=1.0)(ps, torch.tensor(0.0)).clipped
    assert ps[0].grad.tolist() == [1.0, -0.5]
    assert ps[1].grad.tolist() == [-1.0]
    ps = parameters([3.0, -0.5], [-4.0])
    Clip(norm=1.5, value=1.0)(ps, torch.tensor(0.0))
    torch.testing.assert_close(ps[0].grad, torch.tensor([1.0, -0.5]))


def test_without_limits_the_norm_is_still_seen():
    assert Clip()(parameters([3.0], [4.0]), torch.tensor(0.0)).norm == 5.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_seen_wherever_it_is(bad):
    clip = Clip(norm=1.0, value=1.0)
    assert not clip(parameters([1.0], [bad]), torch.tensor(0.0)).finite
    assert not clip(parameters([1.0], [1.0]), torch.tensor(bad)).finite


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))


def run(net, x):
    out = net(x)
    out.square().mean().backward()
    return lambda: net(x)


def test_forward_names_the_first_layer_whose_output_is_not_finite():
    net = network()
    with torch.no_grad():
        net[2].weight[1, 1] = torch.nan
    fault = first_fault(net, run(net, torch.ones(5, 3)))
    assert fault.layer == "2 (Linear)"
    assert fault.parameter == "0.weight"


def test_backward_names_the_layer_that_the_fault_reaches_first():
    net = network()
    net[2].register_full_backward_hook(lambda module, grads, _: (grads[0] * torch.inf,))
    fault = first_fault(net, run(net, torch.ones(5, 3)))
    assert (fault.layer, fault.parameter) == ("0 (Linear)", "0.weight")
    assert "0.weight" in str(fault)


def test_a_sound_network_has_no_fault_and_keeps_no_hooks():
    net = network()
    fault = first_fault(net, run(net, torch.ones(5, 3)))
    assert (fault.layer, fault.parameter) == (None, None)
    assert not any(module._forward_hooks for module in net.modules())
