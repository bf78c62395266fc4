"""Predict for the files that a pattern names, in several processes, each part written whole or not at all.

`Manifest` says which parts are done: a part is left out while its file, the model and the output are as they were.
"""

import glob
import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from elman.data.conll import is_conll
from elman.data.table_files import is_table
from elman.errors import DataError, InputError
from elman.files import Lock, make_folder, write_atomically
from elman.forking import PREDICTING, one_thread_each, process_context
from elman.models.estimator.reports import OnFiles
from elman.models.predicting import load_on_files, set_search, write_predictions
from elman.quoting import listed, shown

MANIFEST = ".parts.jsonl"
"""The name of the manifest, which readers of a folder of tables leave out because of its dot."""
_LOCK = ".parts.lock"
_FOR = "elman predict"
State = list[int]
"""The size of a file in bytes, and the time of its last change in nanoseconds."""


@dataclass(frozen=True)
class Part:
    """A part that was predicted for.

    Attributes:
        output: where the predictions are.
        count: how many they are.
        before: whether it was done before, by an earlier call.
    """

    output: Path
    count: int
    before: bool


class Manifest:
    """The parts that are done, in a file of the output's folder: a line for what they follow from, then one a part.

    Args:
        folder: the folder.
        source: what all predictions follow from: the model and its options. Parts of another one are not done.
    """

    def __init__(self, folder: Path, source: dict[str, Any]) -> None:
        self._path, self._folder = folder / MANIFEST, folder
        self._head = json.dumps(source, sort_keys=True)
        self._lines = self._read()
        self._write()

    def done(self, output: Path, state: State) -> int | None:
        """Return how many predictions an output has, if it is there and follows from a file of this state."""
        line = self._lines.get(output.name)
        if line is None or not output.is_file() or line.get("state") != state:
            return None
        count = line.get("count")
        return count if isinstance(count, int) else None

    def add(self, output: Path, state: State, count: int) -> None:
        """Enter a part."""
        self._lines[output.name] = {"part": output.name, "state": state, "count": count}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self._lines[output.name]) + "\n")

    def _read(self) -> dict[str, dict[str, Any]]:
        """Return the lines by the name of their part; lines that were cut off are left out."""
        try:
            head, *lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError, ValueError):
            return {}
        found = {}
        for line in lines if head == self._head else ():
            with suppress(ValueError, TypeError, KeyError):
                entry = json.loads(line)
                found[str(entry["part"])] = dict(entry)
        return found

    def _write(self) -> None:
        lines = [self._head, *map(json.dumps, self._lines.values())]
        write_atomically(self._path, "".join(f"{line}\n" for line in lines).encode())


def predict_parts(
    model: Path,
    pattern: Path,
    folder: Path,
    *,
    search: dict[str, float],
    workers: int,
    on_part: Callable[[Part], None],
) -> None:
    """Predict for each file that a pattern names, and write it to a file of the same name in a folder.

    Parts that an earlier call has done are left out, unless they, the model or the beam search have changed since.

    Args:
        model: the file of the model.
        pattern: the pattern, such as parts/part-*.parquet.
        folder: where the predictions go; made if it is not there.
        search: options of a beam search, by name.
        workers: processes, each on one thread; 1 is this process.
        on_part: called with each part, in the order of their names.

    Raises:
        InputError: no file has such a name, two parts would have one output, the folder is that of the parts, another
            process predicts there, or a process was killed.
        DataError: a part cannot be used, or changed while it was read, or the parts are others than at the beginning.
        ModelFileError: the model cannot be read, or an output cannot be written.
    """
    if workers < 1:
        raise InputError(f"workers: expected 1 or more, got {workers}")
    states = _states(pattern)
    if not states:
        raise InputError(f"{shown(pattern)}: no file has such a name: give another pattern")
    outputs = _outputs(list(states), folder)
    make_folder(folder)
    with Lock(folder / _LOCK, f"{shown(folder)}: another process predicts here"):
        manifest = Manifest(folder, {"model": _digest(model), "search": search})
        found = {path: manifest.done(outputs[path], states[path]) for path in states}
        left = [path for path, count in found.items() if count is None]
        in_order = _InOrder(list(states), on_part)
        for path, count in found.items():
            if count is not None:
                in_order.add(path, Part(outputs[path], count, before=True))
        work = [(path, outputs[path], states[path]) for path in left]
        for path, count in _predicted(model, search, work, min(workers, len(work))):
            manifest.add(outputs[path], states[path], count)
            in_order.add(path, Part(outputs[path], count, before=False))
    _check_unchanged(pattern, states)


def _states(pattern: Path) -> dict[Path, State]:
    """Return the files that a pattern names, in the order of their names, and their states."""
    found = {}
    for name in sorted(glob.glob(str(pattern))):
        with suppress(FileNotFoundError):  # removed in this moment
            found[Path(name)] = _state(Path(name))
    return found


def _state(path: Path) -> State:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _outputs(parts: list[Path], folder: Path) -> dict[Path, Path]:
    """Return the output of each part: a table of the same kind, or .csv.

    Raises:
        InputError: two parts have one, or one is a part.
    """
    found: dict[Path, Path] = {}
    for path in parts:
        output = folder / (path.name if is_table(path) or is_conll(path) else f"{path.name}.csv")
        if output in found.values():
            raise InputError(f"{shown(output)}: two parts have this name: give a pattern of one folder")
        if output.exists() and any(os.path.samefile(output, part) for part in parts):
            raise InputError(f"{shown(output)}: this file is an input of this command as well: choose another folder")
        found[path] = output
    return found


def _predicted(
    model: Path, search: dict[str, float], work: list[tuple[Path, Path, State]], workers: int
) -> Iterator[tuple[Path, int]]:
    """Predict for parts, and yield each when its output is written, with the number of its predictions."""
    if workers <= 1:
        loaded = _loaded(model, search) if work else None
        for path, output, state in work:
            yield path, _predict(path, output, state, loaded)
        return
    _loaded(model, search)  # a mistake is one line here, not one of each process
    with _pool(workers, partial(_load, model, search)) as pool:
        futures = {pool.submit(_predict, *one): one[0] for one in work}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise InputError(
                "workers: a process was killed, as where memory is short: the parts that are done are kept; run the "
                "same command again, with fewer workers"
            ) from error


@contextmanager
def _pool(workers: int, load: Callable[[], None]) -> Iterator[ProcessPoolExecutor]:
    """Start processes that have loaded the model; where the block ends by an error, they are killed."""
    before = {process.pid for process in multiprocessing.active_children()}
    with one_thread_each():
        pool = ProcessPoolExecutor(workers, mp_context=process_context(PREDICTING), initializer=load)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                if process.pid not in before:
                    process.kill()
            raise
        finally:
            pool.shutdown()


_model: OnFiles | None = None
"""The model of a process that predicts for parts, loaded once."""


def _load(path: Path, search: dict[str, float]) -> None:
    global _model  # noqa: PLW0603 -- what an initializer leaves for the calls of its process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    torch.set_num_threads(1)
    _model = _loaded(path, search)


def _loaded(path: Path, search: dict[str, float]) -> OnFiles:
    model = load_on_files(path, _FOR)
    set_search(model, search)
    return model


def _predict(path: Path, output: Path, state: State, model: OnFiles | None = None) -> int:
    """Predict for a part, and return the number of predictions.

    Raises:
        DataError: it has another state than at the beginning; no output is written.
    """
    loaded = model or _model
    if loaded is None:
        raise RuntimeError("predict: no model was loaded in this process")

    def check() -> None:
        if not path.exists() or _state(path) != state:
            raise DataError(f"{shown(path)}: changed while it was read: {_AGAIN}")

    return write_predictions(loaded, path, output, check)


_AGAIN = "run the same command again when nothing changes the parts; those that are done are kept"


def _check_unchanged(pattern: Path, states: dict[Path, State]) -> None:
    """See that the parts are those that were predicted for.

    Raises:
        DataError: one is new, gone or changed.
    """
    now = _states(pattern)
    changed = sorted(path.name for path in {*now, *states} if now.get(path) != states.get(path))
    if changed:
        raise DataError(f"{shown(pattern)}: parts changed meanwhile: {listed(changed)}: {_AGAIN}")


def _digest(path: Path) -> str | None:
    """Return the SHA-256 digest of a file; None where there is none, which loading the model reports."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


class _InOrder:
    """Passes on parts in the order of their names, each as soon as those before it are there.

    Args:
        paths: the files, in order.
        on_part: called with each part.
    """

    def __init__(self, paths: list[Path], on_part: Callable[[Part], None]) -> None:
        self._paths, self._on_part = paths, on_part
        self._waiting: dict[Path, Part] = {}

    def add(self, path: Path, part: Part) -> None:
        """Take a part, and pass on all that can be."""
        self._waiting[path] = part
        while self._paths and self._paths[0] in self._waiting:
            self._on_part(self._waiting.pop(self._paths.pop(0)))
