"""Name the extra to install where a library is missing; `pip install elman` alone brings what the layers need."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from elman.errors import MissingLibraryError

_LIBRARIES = {  # by the name that is imported: the name to install and the extra, as in pyproject.toml
    "matplotlib": ("matplotlib", "pictures"),
    "narwhals": ("narwhals", "jobs"),
    "pandas": ("pandas", "jobs"),
    "optuna": ("optuna", "search"),
    "PIL": ("pillow", "jobs"),
    "polars": ("polars", "tables"),
    "pyarrow": ("pyarrow", "tables"),
    "pydantic": ("pydantic", "sheets"),  # a job imports scikit-learn before pydantic
    "sacrebleu": ("sacrebleu", "translation"),
    "scipy": ("scipy", "jobs"),
    "sklearn": ("scikit-learn", "jobs"),
    "tensorboard": ("tensorboard", "tensorboard"),
    "tokenizers": ("tokenizers", "pieces"),
    "yaml": ("PyYAML", "sheets"),
}


def advice(user: str, error: ImportError) -> str | None:
    """Return the line for a library that is missing, or None where it belongs to no extra.

    Args:
        user: who needs it: a command, a public name or a format.
        error: what its import raised.
    """
    found = _LIBRARIES.get((error.name or "").partition(".")[0])
    return found and f"{user} needs {found[0]}: pip install 'elman[{found[1]}]'"


@contextmanager
def required_by(user: str) -> Iterator[None]:
    """Turn the failed import of an extra's library into an error that names the extra.

    Raises:
        MissingLibraryError: A library of an extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        line = advice(user, error)
        if line is None:
            raise
        raise MissingLibraryError(line, name=error.name) from error


def lazy(package: str, getter: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a package's `__getattr__` that names the extra where importing a public name fails for want of it."""

    def get(name: str) -> Any:
        with required_by(f"{package}.{name}"):
            return getter(name)

    return get
