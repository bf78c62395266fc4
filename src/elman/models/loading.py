"""Any saved model, whatever its job."""

import os
from pathlib import Path

from elman.errors import ModelFileError
from elman.models import text_generator
from elman.train import read_container

_READERS = {text_generator.KIND: text_generator.TextGenerator._from_parts}


def load(path: str | os.PathLike[str]) -> text_generator.TextGenerator:
    """Return the model in a file that Elman wrote. Nothing is unpickled.

    Args:
        path: a .safetensors file.

    Raises:
        ModelFileError: the file is missing, truncated, altered, foreign, or no model.
    """
    place = Path(path)
    kind, content, tensors = read_container(place)
    if kind not in _READERS:
        raise ModelFileError(f"{place}: expected a model, came a {kind} file: give the model's own file")
    return _READERS[kind](place, content, tensors)
