"""Truths for equations that torch.nn has not: written for one row at a time, sharing no line with Elman's loop."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class ResetBeforeGRU(nn.GRU):
    """torch.nn.GRU's parameters under the equation of the paper: n = tanh(W_in x + b_in + W_hn (r * h) + b_hn)."""

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:  # noqa: A002
        if isinstance(input, PackedSequence):
            padded, lengths = pad_packed_sequence(input)
            y, h_n = self._rows(padded, hx, lengths.tolist())
            return pack_padded_sequence(y, lengths, enforce_sorted=False), h_n
        if input.dim() == 2:
            y, h_n = self._rows(input[:, None], None if hx is None else hx[:, None], [len(input)])
            return y[:, 0], h_n[:, 0]
        x = input.transpose(0, 1) if self.batch_first else input
        y, h_n = self._rows(x, hx, [x.shape[0]] * x.shape[1])
        return (y.transpose(0, 1) if self.batch_first else y), h_n

    def _rows(self, x: Tensor, hx: Tensor | None, lengths: list[int]) -> tuple[Tensor, Tensor]:
        directions = 2 if self.bidirectional else 1
        if hx is None:
            hx = x.new_zeros(self.num_layers * directions, x.shape[1], self.hidden_size)
        rows = [self._row(x[:length, b], hx[:, b]) for b, length in enumerate(lengths)]
        return nn.utils.rnn.pad_sequence([y for y, _ in rows]), torch.stack([h for _, h in rows], 1)

    def _row(self, x: Tensor, h_0: Tensor) -> tuple[Tensor, Tensor]:
        last = []
        for layer in range(self.num_layers):
            outputs = []
            for suffix in ("", "_reverse") if self.bidirectional else ("",):
                h, ys = h_0[len(last)], []
                for x_t in x.flip(0) if suffix else x:
                    h = self._step(x_t, h, f"l{layer}{suffix}")
                    ys.append(h)
                outputs.append(torch.stack(ys[::-1] if suffix else ys))
                last.append(h)
            x = torch.cat(outputs, -1)
        return x, torch.stack(last)

    def _step(self, x: Tensor, h: Tensor, which: str) -> Tensor:
        def block(name: str, gate: int) -> Tensor | float:
            if not self.bias and name.startswith("bias"):
                return 0.0
            rows = slice(gate * self.hidden_size, (gate + 1) * self.hidden_size)
            return getattr(self, f"{name}_{which}")[rows]

        def score(gate: int, state: Tensor) -> Tensor:
            product = block("weight_ih", gate) @ x + block("weight_hh", gate) @ state
            return product + block("bias_ih", gate) + block("bias_hh", gate)

        r, z = torch.sigmoid(score(0, h)), torch.sigmoid(score(1, h))
        return (1 - z) * torch.tanh(score(2, r * h)) + z * h
