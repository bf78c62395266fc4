"""Train a small character generator on Python's own help texts, save it, load it and let it write. Some seconds.

Run it with `python examples/character_generator.py`.
"""

import tempfile
from pathlib import Path

import elman
from elman.data import bundled_text

text = bundled_text()[:60_000]
model = elman.TextGenerator(
    cell="gru", hidden_size=96, num_layers=1, batch_size=16, k1=64, epochs=4, learning_rate=0.01
)
model.fit(text)

print("held-out nats per character, less is better:")
for name, loss in (model.baselines_ | model.answer_.losses).items():
    print(f"  {name:8} {loss:.2f}")
print("answers with:", model.answer_.name)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "help.safetensors"
    model.save(path)
    again = elman.load(path)

first, second = (m.generate("The ", length=200, temperature=0.7, seed=1) for m in (model, again))
print("the loaded model writes the same:", str(first) == str(second))
print(first)
