"""Tolerances of all tests: a relative error, max|got - want| / max|want|, by the type computed in.

An absolute tolerance passes a cell whose recurrence is deleted, because its states are small; a relative one does not.
"""

import torch
from torch import Tensor

RELATIVE = {torch.float64: 1e-11, torch.float32: 1e-5, torch.bfloat16: 2e-2}


def relative_error(got: Tensor, want: Tensor) -> float:
    """max|got - want| / max|want|; where all of `want` is 0, so must be all of `got`. NaN if either has one."""
    if want.numel() == 0:
        return 0.0
    difference = (got.double() - want.double()).abs().max().item()
    scale = want.double().abs().max().item()
    return difference / scale if scale else difference


def assert_close(got: Tensor, want: Tensor, name: str) -> None:
    """Fail with the name, the error and the bound if `got` has another shape than `want` or is too far from it."""
    assert got.shape == want.shape, f"{name}: shape {tuple(got.shape)}, expected {tuple(want.shape)}"
    error, bound = relative_error(got, want), RELATIVE[got.dtype]
    assert error <= bound, f"{name}: relative error {error:.2e}, allowed {bound:.0e} in {got.dtype}"


def assert_all_close(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    """`assert_close` for every name; both must have the same names."""
    assert got.keys() == want.keys(), f"names differ: {sorted(got.keys() ^ want.keys())}"
    for name, value in want.items():
        assert_close(got[name], value, name)
