"""Write files atomically, and lock them.

A new file is written under a spare name in the same folder, flushed to disk, then renamed over the target. The spare
has a random part and is created with O_EXCL and O_NOFOLLOW, so that nobody can aim the write elsewhere; it is locked
while it is written, so that what a killed process left behind is known and removed by the next writer.
"""

import glob
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from elman.errors import InputError, ModelFileError
from elman.quoting import shown

try:
    import fcntl
except ImportError:  # Windows: without locks, where spares of killed processes stay
    fcntl = None  # type: ignore[assignment]

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by `data` in one step that survives a crash.

    Raises:
        ModelFileError: the disk is full or the path not writable; the file that was there before is untouched.
    """
    with Replacement(path) as new:
        try:
            new.file.write(data)
        except OSError as error:
            raise cannot_write(path, error) from error


class Replacement:
    """A `with` block around a new binary file, `file`, which replaces the one at `path` if no error ends the block.

    The mode of the replaced file is kept, and its owner where the system lets us. A symbolic link is followed: its
    target is replaced.

    Args:
        path: the file to write; its folder must exist.

    Raises:
        ModelFileError: it cannot be written; the file that was there before is untouched, and no other is left.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        try:
            self._target, before = target_of(self.path)
            _remove_abandoned(self._target)
            self._spare, self.file = _create_spare(self._target, before)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._replace()
        except OSError as trouble:
            raise cannot_write(self.path, trouble) from trouble
        finally:
            # After the rename there is no spare. On a full disk `close` fails once more, and that error is known.
            with suppress(OSError):
                self._spare.unlink()
            with suppress(OSError):
                self.file.close()

    def _replace(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        if fcntl is None:
            self.file.close()  # Windows renames no open file
        self._spare.replace(self._target)
        _flush_folder(self._target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it is in, unless it is there.

    Raises:
        InputError: it cannot be made, or a file is in its place.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _no_place(folder, error) from error


def check_writable(path: Path, *, follow: bool = True) -> None:
    """Find out, before any work, whether a file can be written.

    Args:
        path: the file. Its folder must exist.
        follow: whether `path` may be a symbolic link, whose target is written.

    Raises:
        InputError: a folder, a device or a pipe is there, or a link that may not be; or its name or folder does not
            let us write.
    """
    try:
        if not follow and path.is_symlink():
            raise InputError(f"{shown(path)}: a symbolic link is where a file of this run goes: remove it")
        target, before = target_of(path)
        if before and not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        spare, file = _create_spare(target, before)
        spare.unlink()
        file.close()
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise _no_place(path, error) from error


def target_of(path: Path) -> tuple[Path, os.stat_result | None]:
    """Return the file that is written for `path`, the end of its symbolic links, and the state of what is there.

    Raises:
        InputError: it is a folder, or no file at all: a device, a pipe or a socket.
        OSError: its name is too long, or its folder cannot be searched.
    """
    target = Path(os.path.realpath(path))
    try:
        before = target.stat()
    except FileNotFoundError:
        return target, None
    if stat.S_ISDIR(before.st_mode):
        raise InputError(f"{shown(path)}: a folder is there, not a file: give a file name")
    if not stat.S_ISREG(before.st_mode):
        raise InputError(f"{shown(path)}: a device or a pipe is there, not a file: give a file name")
    return target, before


def _remove_abandoned(target: Path) -> None:
    """Remove the spares of `target` that killed processes left; one that is locked is being written."""
    if fcntl is None:
        return
    for spare in target.parent.glob(f"{glob.escape(_beginning(target))}{'[0-9a-f]' * 16}.tmp"):
        with suppress(OSError):
            handle = os.open(spare, os.O_RDWR | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
            try:
                if stat.S_ISREG(os.fstat(handle).st_mode):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    spare.unlink()
            finally:
                os.close(handle)


def reason(error: BaseException) -> str:
    """Return why the system refused something, in its words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def cannot_write(path: Path, error: BaseException) -> ModelFileError:
    """Return the error for a file that the system does not let us write."""
    return ModelFileError(
        f"{shown(path)}: cannot be written ({reason(error)}): make room or choose another place; "
        "what was there before is untouched"
    )


def _no_place(path: Path, error: BaseException) -> InputError:
    return InputError(f"{shown(path)}: cannot be written ({reason(error)}): choose another place")


def _beginning(target: Path) -> str:
    return f".{target.name[:59]}."  # 59 characters of four bytes, and a spare's name still fits in 255


def _create_spare(target: Path, before: os.stat_result | None) -> tuple[Path, IO[bytes]]:
    """Create a locked spare with the mode and the owner of the file that it will replace, or those of a new file."""
    while True:
        spare = target.with_name(f"{_beginning(target)}{secrets.token_hex(8)}.tmp")
        handle = os.open(spare, os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600 if before else 0o666)
        file = os.fdopen(handle, "wb")
        try:
            if before:
                _take_over(handle, before)
            if _lock_new(spare, handle):
                return spare, file
            file.close()  # between creation and lock another process took it for an abandoned one
        except BaseException:
            spare.unlink(missing_ok=True)
            file.close()
            raise


def _take_over(handle: int, before: os.stat_result) -> None:
    if hasattr(os, "fchown"):
        for owner, group in ((before.st_uid, -1), (-1, before.st_gid)):
            with suppress(OSError):  # only root may give a file away; the mode matters more
                os.fchown(handle, owner, group)
    if hasattr(os, "fchmod"):
        os.fchmod(handle, stat.S_IMODE(before.st_mode) & 0o777)


def _lock_new(path: Path, handle: int) -> bool:
    """Lock a file that was just opened, and say whether it is still the one at `path`."""
    if fcntl is None:
        return True
    with suppress(OSError):  # some network file systems have no locks
        fcntl.flock(handle, fcntl.LOCK_EX)
    return is_at(path, handle)


def is_at(path: Path, handle: int) -> bool:
    """Say whether an open file is still the one that `path` names."""
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(handle))
    except FileNotFoundError:
        return False


def _flush_folder(folder: Path) -> None:
    """Flush the rename itself; where a folder cannot be opened or flushed, the rename has to do without."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Lock:
    """A `with` block that only one process at a time may be in, by a file that is locked as long as it lasts.

    The system drops the lock with the process, so that one that was killed locks nobody out.

    Args:
        path: the lock's file; it is removed at the end.
        doing: what the other process does, for the message.

    Raises:
        InputError: another process, or another run of this one, is in the block.
    """

    def __init__(self, path: Path, doing: str) -> None:
        self.path, self._doing = path, doing

    def __enter__(self) -> Self:
        while not self._taken():
            pass
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(OSError):
            self.path.unlink()
        os.close(self._handle)

    def _taken(self) -> bool:
        try:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o644)
        except OSError as error:
            raise InputError(f"{shown(self.path)}: cannot be locked ({reason(error)}): choose another place") from error
        try:
            self._lock()
            if is_at(self.path, self._handle):
                return True
        except BaseException:
            os.close(self._handle)
            raise
        os.close(self._handle)  # the process before us removed the file between our opening and locking it
        return False

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{self._doing}: wait for its end, or choose another name") from None
        except OSError:
            pass  # some network file systems have no locks
