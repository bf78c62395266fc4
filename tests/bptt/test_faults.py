import torch
from torch import nn

from elman.bptt import first_fault


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
