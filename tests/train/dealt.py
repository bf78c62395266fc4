"""Small trainings of every job, for one process and for several ranks.

    python tests/train/dealt.py FOLDER KILLS EPOCHS

imports torch once and forks all ranks. Two of them train every job. The first leaves each model's weights and held-out
loss in FOLDER; both check that they have the same bits. Then `elman` refuses them, since they were started differently.
They leave what they said and their exit codes in FOLDER.

Two others are started by what `torchrun` is made of. They train with files for EPOCHS, and one of them is killed at a
random moment of each of the first KILLS attempts. Then `elman` misses a file, which ends this program with an error.
With `broken` as a fourth word these are the only ranks.
"""

import hashlib
import itertools
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch._dynamo  # the first optimizer imports it, which takes each rank a second
from safetensors.torch import save_file
from torch import nn
from torch.distributed.launcher.api import LaunchConfig, elastic_launch
from torch.optim.optimizer import register_optimizer_step_post_hook

import elman
from elman import cli, launch
from elman.train import RunFiles, ranks

SGD = {"optimizer": "sgd", "momentum": 0.0, "dropout": 0.0, "ema_decay": 0.0, "patience": None, "seed": 3}
SMALL = SGD | {"hidden_size": 6, "answer": "network"}
WORDS = np.array(["one", "two", "three", "four", "five"])


def sentences(count: int) -> list[list[str]]:
    random = np.random.default_rng(1)
    return [random.choice(WORDS, random.integers(1, 9)).tolist() for _ in range(count)]


def text(**more: Any) -> Any:
    written = "\n".join(" ".join(row) for row in sentences(250))
    model = elman.TextGenerator(
        **SMALL
        | {"num_layers": 2, "embedding_dim": 4, "batch_size": 5, "k1": 12, "epochs": 2, "learning_rate": 0.5}
        | more
    )
    return model, (written,)


def classify(**more: Any) -> Any:
    rows = [" ".join(row) for row in sentences(95)]
    labels = ["many" if row.count(" ") > 3 else "few" for row in rows]
    options = {"embedding_dim": 4, "batch_size": 7, "epochs": 8, "learning_rate": 0.1, "label_smoothing": 0.1}
    options |= {"validation_fraction": 0.1, "class_weight": "balanced", "symbol_dropout": 0.0, "input_dropout": 0.0}
    return elman.SequenceClassifier(**SMALL | options | more), (rows, labels)


def tag(**more: Any) -> Any:
    rows = sentences(95)
    tags = [[word[0] for word in reversed(row)] for row in rows]
    options = {"embedding_dim": 4, "batch_size": 7, "epochs": 8, "learning_rate": 0.1, "symbol_dropout": 0.0}
    options |= {"input_dropout": 0.0}
    return elman.SequenceTagger(**SMALL | options | more), (rows, tags)


def forecast(**more: Any) -> Any:
    values = (np.tile([0.0, 3, 1, -2], 40) + np.random.default_rng(0).normal(size=160)).tolist()
    options = {
        "horizon": 3,
        "season": 4,
        "context": 6,
        "members": 2,
        "batch_size": 9,
        "epochs": 8,
        "learning_rate": 0.1,
    }
    return elman.Forecaster(**SMALL | options | more), (values,)


def translate(**more: Any) -> Any:
    rows = sentences(95)
    targets = [" ".join(word[:2] for word in row) for row in rows]
    options = {"embedding_dim": 4, "batch_size": 7, "epochs": 8, "learning_rate": 0.3, "beam": 1, "symbol_dropout": 0.0}
    return elman.Translator(**SMALL | options | more), ([" ".join(row) for row in rows], targets)


def caption(**more: Any) -> Any:
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (60, 5, 6), dtype=np.uint8)
    options = {
        "embedding_dim": 4,
        "features": 5,
        "batch_size": 7,
        "epochs": 13,
        "learning_rate": 0.1,
        "beam": 1,
        "shift": 0,
    }
    return elman.Captioner(**SMALL | options | more), (images, [str(WORDS[image[0, 0] // 52]) for image in images])


def vectors(**more: Any) -> Any:
    X = np.random.default_rng(0).normal(5, 2, (95, 3))
    options = {name: value for name, value in SMALL.items() if name != "answer"}
    options |= {"batch_size": 7, "epochs": 8, "learning_rate": 0.1}
    return elman.FeedForward(**options | more), (X, ["up" if x[0] > x[1] else "down" for x in X])


JOBS: dict[str, Callable[..., Any]] = {
    job.__name__: job for job in (text, classify, tag, forecast, translate, caption, vectors)
}


def normed() -> Any:
    """Return a captioner whose encoder has buffers that each rank fits to its own rows, and its images."""
    torch.manual_seed(0)
    return caption(encoder=nn.Sequential(nn.Flatten(), nn.Linear(30, 5), nn.BatchNorm1d(5)))


DECIDED = {
    "cross-validated": lambda: classify(
        validation_fraction=None, epochs=None, batch_size=80, symbol_dropout=0.2, answer="best"
    ),
    "minutes": lambda: tag(epochs=None, minutes=0.01, dropout=0.3, answer="best"),
    "patience": lambda: translate(
        epochs=40, patience=1, learning_rate=2.0, evaluate_every=2, schedule="plateau", ema_decay=0.9, answer="best"
    ),
    "batch norm": normed,
    "unbroken": lambda: lasting(2),
}
"""Trainings in which the ranks have to decide alike, and draw different numbers."""


def lasting(epochs: int) -> Any:
    """Return a generator with dropout and state carried from before the window, and its text."""
    options = {"dropout": 0.2, "k1": 8, "k2": 20, "optimizer": "adam", "learning_rate": 0.01, "evaluate_every": 11}
    return text(epochs=epochs, patience=10_000, **options)  # it never stops early


def trained(name: str) -> Any:
    """Return a model after its training."""
    model, data = (JOBS | DECIDED)[name]()
    return model.fit(*data)


def digest(model: Any) -> int:
    """Return a number that two models share if their weights and held-out losses have the same bits."""
    found = hashlib.sha256(repr(model.progress_.best).encode())
    for tensor in model.network_.state_dict().values():
        found.update(tensor.numpy().tobytes())
    return int.from_bytes(found.digest()[:6], "big")


def leave(model: Any, file: Path) -> None:
    """Write what the test compares, and see that all ranks have the same."""
    own = digest(model)
    if ranks.of_first(own) != own:
        sys.exit(f"{file.stem}: rank {ranks.rank()} has other weights or decided otherwise")
    if ranks.is_first():
        best, step = torch.tensor(model.progress_.best or 0.0, dtype=torch.float64), torch.tensor(model.progress_.step)
        save_file(model.network_.state_dict() | {"held out": best, "updates": step, "digest": torch.tensor(own)}, file)


def end_after(updates: int, seconds: float) -> None:
    """End this process so many seconds after an update, by SIGALRM, which nobody handles."""
    done = itertools.count(1)

    def look(*_: Any) -> None:
        if next(done) == updates:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    register_optimizer_step_post_hook(look)


def train_broken(folder: Path, kills: int, epochs: int) -> None:
    """Train with files, and end one of the ranks as long as there are kills left, when there are checkpoints."""
    attempt = launch.restarts()
    random = np.random.default_rng([7, attempt])
    if attempt < kills and int(random.integers(ranks.count())) == ranks.rank():
        end_after(int(random.integers(60, 120)), random.uniform(0.001, 0.05))
    if ranks.is_first():
        time.sleep(0.3)  # as one that imports longer: the other must not meet a rank of the attempt before
    model, data = lasting(epochs)
    model.fit(*data, files=RunFiles.within(folder), checkpoint_seconds=0.1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    leave(model, folder / f"after {attempt} restarts.safetensors")
    sys.exit(command(folder / "none.txt"))


def command(file: Path, *more: str) -> int:
    """Train on a file with a command, and return its exit code."""
    output = ["-o", str(file.with_name("m.safetensors"))]
    return cli.main(["train", "text", *output, "--epochs=1", "--hidden-size=8", "--batch-size=4", *more, str(file)])


def train_all(number: int, folder: Path, port: int) -> None:
    """Be one rank of two, started as another program than `torchrun` might do it."""
    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(said(folder, stream.fileno(), number), os.O_WRONLY | os.O_CREAT), stream.fileno())
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= place | {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number), "LOCAL_WORLD_SIZE": "2"}
    for name in JOBS | DECIDED:
        leave(trained(name), folder / f"{name}.safetensors")
    text = folder / f"{number}.txt"
    text.write_text(f"{number} to be, or not to be, that is the question.\n" * 20)
    sys.exit(command(text, "--k1=8", f"--seed={number}"))


def said(folder: Path, stream: int, number: int) -> Path:
    """Return the file of what a rank said to standard output (1) or standard error (2)."""
    return folder / f"said {stream} {number}.txt"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start_two(folder: Path) -> None:
    """Have two ranks train every job, and leave their exit codes."""
    context, port = multiprocessing.get_context("fork"), free_port()
    pair = [context.Process(target=train_all, args=(number, folder, port)) for number in (0, 1)]
    for process in pair:
        process.start()
    for process in pair:
        process.join()
    (folder / "codes.txt").write_text(" ".join(str(process.exitcode) for process in pair))


def main() -> None:
    folder, kills, epochs, *more = sys.argv[1:]
    for job in JOBS.values():
        job()  # imports what ranks would import one by one
    if not more:
        start_two(Path(folder))
    how = LaunchConfig(
        1,
        1,
        nproc_per_node=2,
        max_restarts=int(kills),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id="broken",
        start_method="fork",
    )
    elastic_launch(how, train_broken)(Path(folder), int(kills), int(epochs))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
