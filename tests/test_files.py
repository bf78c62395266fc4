"""Files are written whole or not at all, where the user meant, with the mode they had; locks end with a process."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from elman.data.table_writer import TableWriter
from elman.errors import ElmanError, InputError, ModelFileError
from elman.files import Lock, Replacement, check_writable, write_atomically


def table(path, data):
    with TableWriter(path.with_suffix(".csv")) as writer:
        writer.write({"a": [data.decode()]})


WRITERS = {"bytes": write_atomically, "table": table}


@pytest.fixture(params=WRITERS)
def write(request):
    return WRITERS[request.param]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.csv"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_of_a_replaced_file_is_kept(path, write, mode):
    path.touch()
    path.chmod(mode)
    write(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert b"new" in path.read_bytes()


def test_a_new_file_has_the_mode_that_the_umask_leaves(path, write):
    before = os.umask(0o027)
    try:
        write(path, b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_is_followed_and_stays(path, write, tmp_path):
    (tmp_path / "sub").mkdir()
    for target in (tmp_path / "sub" / "there", tmp_path / "sub" / "missing"):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        write(path, b"new")
        assert path.is_symlink()
        assert b"new" in target.read_bytes()


def test_nobody_can_aim_a_write_by_a_link_at_the_spare(path, write, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / ".out.csv.tmp").symlink_to(victim)
    write(path, b"new")
    assert victim.read_bytes() == b"mine"


def test_what_is_no_file_is_refused(path, write):
    os.mkfifo(path)
    with pytest.raises(InputError, match="a device or a pipe"):
        write(path, b"new")
    with pytest.raises(InputError, match="a device or a pipe"):
        check_writable(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="a folder is there"):
        write(path, b"new")


@pytest.mark.parametrize("name", ["x" * 300, "é" * 200, "a\0b", "nowhere/x"])
def test_a_name_that_cannot_be_is_one_short_line(tmp_path, name):
    with pytest.raises(ElmanError) as caught:
        check_writable(tmp_path / name)
    assert len(str(caught.value)) < 200 + len(str(tmp_path))


def test_the_longest_name_can_be_written(tmp_path):
    write_atomically(tmp_path / ("é" * 127), b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["é" * 127]


def write_half(path):
    with Replacement(path) as new:
        new.file.write(b"half")
        raise ZeroDivisionError


def test_an_error_in_the_block_leaves_the_old_file_and_no_spare(path, tmp_path):
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        write_half(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def write_on_a_full_disk(path):
    with TableWriter(path) as writer:
        os.dup2(os.open("/dev/full", os.O_WRONLY), writer._new.file.fileno())
        writer.write({"a": ["x"]})


def test_a_full_disk_in_a_table_is_one_line(path):
    path.write_bytes(b"old")
    with pytest.raises(ModelFileError, match="No space left"):
        write_on_a_full_disk(path)
    assert path.read_bytes() == b"old"


def test_the_spare_of_a_killed_process_is_removed_and_one_in_use_is_not(path, tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from elman.files import Replacement\n"
        "with Replacement(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".*.tmp"))) == 1
    (tmp_path / ".out.csv.mine.tmp").touch()  # a name that Elman never gives
    with Replacement(path) as new:
        new.file.write(b"slow")
        write_atomically(path, b"fast")
    assert path.read_bytes() == b"slow"
    assert [p.name for p in tmp_path.glob(".*.tmp")] == [".out.csv.mine.tmp"]


def test_a_lock_is_for_one_and_outlives_no_process(tmp_path):
    place = tmp_path / ".m.lock"
    place.touch()  # as a killed process leaves it
    one, other = Lock(place, "m: another process trains here"), Lock(place, "m: another process trains here")
    with one, pytest.raises(InputError, match="another process trains here"):
        other.__enter__()
    assert not place.exists()
    with Lock(place, "m"):
        pass
