"""Watch a sensor sample by sample: a network predicts each reading, and a large error is an alarm.

The stream's state is written to a file and read by a second stream, as after a restart. Run it with
`python examples/stream_sensor.py`.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

import elman


def readings(steps: int, seed: int) -> np.ndarray:
    """Return the vibration of a machine, (T, 1, 1): two tones and noise."""
    t, noise = np.arange(steps), np.random.default_rng(seed).normal(0, 0.05, steps)
    return (np.sin(0.3 * t) + 0.5 * np.sin(0.71 * t + seed) + noise).astype(np.float32)[:, None, None]


torch.manual_seed(0)
layer, head = elman.GRU(1, 32), nn.Linear(32, 1)
optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.01)
series = torch.from_numpy(np.concatenate([readings(200, seed) for seed in range(8)], axis=1))
for _ in range(100):
    predicted = head(layer(series[:-1])[0])
    loss = nn.functional.mse_loss(predicted[20:], series[21:])  # the first readings cannot be known
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"trained: an error of {loss.item() ** 0.5:.2f} on average, noise alone is 0.05")

model = nn.Sequential(layer, head)
stream = elman.Stream(model)  # a copy of the weights, packed once
print(f"{stream.input_size} in, {stream.output_size} out, {stream.precision} on {stream.backend}")

sensor = readings(400, seed=99)
sensor[300] += 1.5  # a knock
expected, alarms = None, []
saved = Path(tempfile.mkdtemp()) / "sensor.state"
for k, reading in enumerate(sensor):  # (1, 1): one row, one feature
    if expected is not None and k > 50 and abs(reading[0, 0] - expected[0, 0]) > 0.6:
        alarms.append(k)
    expected = stream.step(reading)
    if k == 199:
        saved.write_bytes(stream.state.to_bytes())
print("alarms at", alarms)

restarted = elman.Stream(model)
restarted.state = elman.StreamState.from_bytes(saved.read_bytes())
rest = restarted.run(sensor[200:])  # the readings since then, in one call
print("after the restart the same predictions, to the bit:", bool((rest[-1] == expected).all()))
