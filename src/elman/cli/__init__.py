"""The command line: `elman`. This file alone turns what goes wrong into one line and an exit code.

Nothing here or in the commands' modules imports torch before a command needs it, so that help is there at once.
"""

import gc
import os
import sys
import traceback
from typing import NoReturn

from elman.errors import ElmanError, is_out_of_memory


def run() -> NoReturn:
    """Run the words of the command line in a process of their own, as `elman` and `python -m elman` do.

    The collector of cycles walks over all that is imported while a command starts, and once more as Python ends: a
    quarter of the 0.4 s of `elman explain love-book`. So it comes more rarely, and leaves the end alone.
    """
    gc.set_threshold(5000)
    code = main()
    gc.freeze()
    sys.exit(code)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 something to put right, 2 wrong usage, 130 stopped by Ctrl-C.

    Args:
        arguments: the words after `elman`; those of the command line by default. `--debug` may stand anywhere before a
            bare `--`, and shows the traceback of an error.
    """
    # Looking for plugins of pydantic reads the metadata of every installed package: a tenth of a whole start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from elman.cli.app import app

    words = sys.argv[1:] if arguments is None else arguments
    words, debug = _take_debug(words)
    try:
        app(words, prog_name="elman")
    except SystemExit as done:
        return _code(done)
    except ElmanError as error:
        if debug:
            traceback.print_exc()
        return _fail(str(error), 1)
    except (MemoryError, RuntimeError) as error:
        if debug or not is_out_of_memory(error):
            raise
        return _fail("memory has run out: take a smaller batch, a smaller network or shorter inputs", 1)
    return 0


def _take_debug(words: list[str]) -> tuple[list[str], bool]:
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"]
    return kept + words[end:], len(kept) < end


def _code(done: SystemExit) -> int:
    return done.code if isinstance(done.code, int) else int(done.code is not None)


def _fail(message: str, code: int) -> int:
    print(f"elman: {' '.join(message.splitlines())}", file=sys.stderr)  # noqa: T201 -- this is where errors are printed
    return code
