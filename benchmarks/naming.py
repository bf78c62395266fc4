"""Read the names of what a benchmark is asked to measure from its command line."""

import argparse
from collections.abc import Iterable


def add_names(parser: argparse.ArgumentParser, to: str, noun: str, known: Iterable[str]) -> None:
    """Add a positional argument that takes any number of names; without one, the list is empty.

    Args:
        parser: the parser of the benchmark.
        to: the attribute of the parsed arguments that holds the names.
        noun: what has these names, for the help and for the message.
        known: the names.
    """
    names = list(known)

    def read(name: str) -> str:  # argparse's own `choices` refuse an empty list before Python 3.12
        if name not in names:
            raise argparse.ArgumentTypeError(f"no {noun} {name}: choose among {', '.join(names)}")
        return name

    parser.add_argument(to, nargs="*", metavar=noun.upper(), type=read, help=", ".join(names))
