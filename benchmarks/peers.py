"""The contestants: one layer, one direction, float32, as each library's users would write it.

Shapes: x (T, B, I), states zero, (B, H); torch's parameters, gate by gate. `training` computes y and, from a fixed
dL/dy, the gradients of x and of every parameter; `inference` computes y alone.
"""

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

import elman
from benchmarks.timing import Work
from elman.ops.reference import GRU, LSTM, RNN_TANH

CELLS = {"RNN": len(RNN_TANH.gates), "GRU": len(GRU.gates), "LSTM": len(LSTM.gates)}


@dataclass(frozen=True)
class Problem:
    """One cell at one shape, with the arrays that every contestant gets."""

    cell: str
    B: int
    T: int
    I: int  # noqa: E741
    H: int

    @property
    def forward_flops(self) -> int:
        """Of the products alone: x W_ih and h W_hh at every step."""
        return 2 * self.T * self.B * CELLS[self.cell] * self.H * (self.I + self.H)

    def layer(self, module: Any) -> torch.nn.Module:
        """The same parameters whoever builds the layer."""
        torch.manual_seed(0)
        return getattr(module, self.cell)(self.I, self.H)

    def arrays(self) -> tuple[Tensor, Tensor]:
        """The input and dL/dy."""
        generator = torch.Generator().manual_seed(1)
        shape = (self.T, self.B)
        return torch.randn(*shape, self.I, generator=generator), torch.randn(*shape, self.H, generator=generator)


def torch_like(problem: Problem, module: Any) -> tuple[Work, Work]:
    """Training and inference with torch.nn, or with Elman, which is called the same way."""
    layer = problem.layer(module)
    x, grad_y = problem.arrays()
    x_grad = x.clone().requires_grad_()
    inputs = [x_grad, *layer.parameters()]

    def training() -> object:
        return torch.autograd.grad(layer(x_grad)[0], inputs, grad_y)

    def inference() -> object:
        with torch.no_grad():
            return layer(x)

    return training, inference


def with_jax(problem: Problem, threads: int) -> tuple[Work, Work]:
    """Training and inference with jax.lax.scan over the cell, compiled."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={threads}"
    import jax
    from jax import numpy as jnp

    def step(state: Any, projected: Any, w_hh: Any, b_hh: Any) -> Any:
        h, c = state
        hidden = h @ w_hh.T + b_hh
        if problem.cell == "RNN":
            h = jnp.tanh(projected + hidden)
        elif problem.cell == "GRU":
            (r, z, n), (h_r, h_z, h_n) = jnp.split(projected, 3, -1), jnp.split(hidden, 3, -1)
            r, z = jax.nn.sigmoid(r + h_r), jax.nn.sigmoid(z + h_z)
            n = jnp.tanh(n + r * h_n)
            h = n + z * (h - n)
        else:
            i, f, g, o = jnp.split(projected + hidden, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def forward(x: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        zeros = jnp.zeros((problem.B, problem.H))
        projected = x @ w_ih.T + b_ih
        return jax.lax.scan(lambda state, p: step(state, p, w_hh, b_hh), (zeros, zeros), projected)[1]

    def both(grad_y: Any, *arguments: Any) -> Any:
        y, back = jax.vjp(forward, *arguments)
        return y, back(grad_y)

    arrays = [jnp.asarray(t.detach().numpy()) for t in (*problem.arrays(), *problem.layer(torch.nn).parameters())]
    x, grad_y, *parameters = arrays
    train, infer = jax.jit(both), jax.jit(forward)
    return (
        lambda: jax.block_until_ready(train(grad_y, x, *parameters)),
        lambda: jax.block_until_ready(infer(x, *parameters)),
    )


def with_onnxruntime(problem: Problem, threads: int) -> Work:
    """Inference with ONNX Runtime's RNN, GRU or LSTM operator."""
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    gates, H = CELLS[problem.cell], problem.H
    order = {"RNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2]}[problem.cell]  # ONNX: z r n; i o f g

    def reordered(t: Tensor) -> Any:
        return np.concatenate([t.detach().numpy().reshape(gates, H, -1)[gate] for gate in order])

    w_ih, w_hh, b_ih, b_hh = problem.layer(torch.nn).parameters()
    initializers = [
        numpy_helper.from_array(reordered(w_ih)[None], "W"),
        numpy_helper.from_array(reordered(w_hh)[None], "R"),
        numpy_helper.from_array(np.concatenate([reordered(b_ih), reordered(b_hh)]).reshape(1, -1), "B"),
    ]
    extra = {"linear_before_reset": 1} if problem.cell == "GRU" else {}
    node = helper.make_node(problem.cell, ["x", "W", "R", "B"], ["y"], hidden_size=H, **extra)
    shape = [problem.T, problem.B, problem.I]
    graph = helper.make_graph(
        [node],
        problem.cell,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [problem.T, 1, problem.B, H])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = problem.arrays()[0].numpy()
    return lambda: session.run(None, {"x": x})


def contestants(problem: Problem, threads: int) -> tuple[dict[str, Work], dict[str, Work]]:
    """Everybody's training and everybody's inference, Elman first."""
    training, inference = {}, {}
    training["elman"], inference["elman"] = torch_like(problem, elman)
    training["torch"], inference["torch"] = torch_like(problem, torch.nn)
    training["jax"], inference["jax"] = with_jax(problem, threads)
    inference["onnxruntime"] = with_onnxruntime(problem, threads)
    return training, inference
