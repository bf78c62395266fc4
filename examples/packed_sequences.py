"""Sequences of unequal length in one batch: packed, so that the work follows the steps that really are there.

Run it with `python examples/packed_sequences.py`.
"""

import torch
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

import elman

torch.manual_seed(0)
layer = elman.GRU(6, 8, bidirectional=True)
sequences = [torch.randn(length, 6) for length in (3, 7, 1, 5)]  # each (T, I), in any order

packed = pack_sequence(sequences, enforce_sorted=False)
y, h_n = layer(packed)
padded, lengths = pad_packed_sequence(y)  # (T, B, D*H)
print("rows computed:", len(packed.data), "of", 7 * 4, "in the padded batch")
print("output", tuple(padded.shape), "lengths", lengths.tolist())

for b, sequence in enumerate(sequences):
    alone, h_alone = layer(sequence)  # without a batch: (T, D*H) and (D, H)
    same_output = torch.allclose(padded[: len(sequence), b], alone, atol=1e-6)
    same_state = torch.allclose(h_n[:, b], h_alone, atol=1e-6)
    print(f"sequence {b}, {len(sequence)} steps: the same as alone: {same_output and same_state}")
