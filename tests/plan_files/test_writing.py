"""Files are written whole or not at all."""

import os
import stat
import subprocess
import sys

import pytest

from hypercycle.plan_files.writing import write_whole


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "plan.toml", tmp_path / "link.toml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new.toml", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.toml").stat().st_mode) == 0o640


def test_what_cannot_be_written_whole_is_left_as_it_was(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"old")
    # A limit on the size of files ends the writing in the middle, as a full disk does.
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from hypercycle.plan_files.writing import write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "write_whole(Path(sys.argv[1]), bytes(20_000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=False
    )
    assert "OSError: [Errno 27] File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file(tmp_path):
    path = tmp_path / "no" / "plan.toml"
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(path, b"new")
    assert caught.value.filename == str(path)


def test_what_is_not_a_regular_file_is_left_alone(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link, tmp_path):
        with pytest.raises(OSError, match="is not a regular file") as caught:
            write_whole(path, b"new")
        assert caught.value.filename == str(path)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [link, pipe]


def test_a_write_protected_file_stays_as_it_is(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="is write-protected"):
        write_whole(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"old", 0o444)


def test_a_hard_link_to_the_old_file_keeps_the_old_content(tmp_path):
    path, link = tmp_path / "plan.toml", tmp_path / "link.toml"
    path.write_bytes(b"old")
    link.hardlink_to(path)
    write_whole(path, b"new")
    assert (path.read_bytes(), link.read_bytes()) == (b"new", b"old")


def test_links_that_lead_to_each_other_are_an_error_of_the_system(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.symlink_to(other)
    other.symlink_to(one)
    with pytest.raises(OSError, match="symbolic links") as caught:
        write_whole(one, b"new")
    assert caught.value.filename == str(one)


def test_a_long_name_is_no_longer_while_it_is_written(tmp_path):
    path = tmp_path / ("n" * 250)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_the_owner_stays(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"old")
    os.chown(path, 1000, 1000)
    write_whole(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1000, 1000)
