"""Predict for a table on a Ray cluster: each actor loads the model once, and Ray Data reads, deals and writes batches.

python examples/ray_predict.py [MODEL TABLE FOLDER]

Without arguments it trains a small model, makes a table, and runs on a cluster of this machine.
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd
import ray
import torch

import elman


class Predict:
    """An actor that has loaded the model, and predicts for one batch of rows after another."""

    def __init__(self, model: str) -> None:
        torch.set_num_threads(1)  # Ray gives each actor one processor
        self.model = elman.load(model)

    def __call__(self, batch: pd.DataFrame) -> pd.DataFrame:
        """Return the batch with a column of predictions."""
        return batch.assign(label=self.model.predict(batch["text"].tolist()))


def predict(model: str, table: str, folder: str, actors: int) -> None:
    """Predict for a table in Parquet, and write files in Parquet into a folder.

    On a cluster all three are on a file system that every machine sees, and there are fewer actors than processors,
    because reading and writing need one too.
    """
    rows = ray.data.read_parquet(table).map_batches(
        Predict,
        fn_constructor_args=(model,),
        batch_format="pandas",
        batch_size=1024,
        compute=ray.data.ActorPoolStrategy(size=actors),
    )
    rows.write_parquet(folder)


def example(folder: Path) -> tuple[str, str]:
    """Train a small model, and make a table to predict for."""
    texts = ["what a good film", "what a bad film", "a good cast", "a bad plot"] * 10
    model, table = str(folder / "model.safetensors"), str(folder / "table.parquet")
    small = elman.SequenceClassifier(hidden_size=8, embedding_dim=8, epochs=10, validation_fraction=0.2)
    small.fit(texts, ["good", "bad"] * 20).save(model)
    pd.DataFrame({"row": range(5000), "text": texts * 125}).to_parquet(table)
    return model, table


def main() -> None:
    """Predict, and compare with the same model in this process."""
    with tempfile.TemporaryDirectory() as name:
        model, table = sys.argv[1:3] or example(Path(name))
        folder = sys.argv[3] if sys.argv[3:] else str(Path(name) / "predicted")
        ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)  # on a cluster: ray.init()
        predict(model, table, folder, actors=2)
        ray.shutdown()
        found, asked = pd.read_parquet(folder), pd.read_parquet(table)
        alone = elman.load(model).predict(asked["text"].tolist()).tolist()
        same = found.sort_values("row")["label"].tolist() == alone
        print(f"{len(found):,} rows, the same as predicted in one process: {same}")


if __name__ == "__main__":
    main()
