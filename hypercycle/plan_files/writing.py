"""Files are written whole or not at all: what was there stays until all is written."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_MAY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, or leave what was there; see :func:`open_whole`."""
    with open_whole(file) as opened:
        opened.write(content)


@contextmanager
def open_whole(file: Path) -> Iterator[BinaryIO]:
    """Open what takes a file's place when all is written; after an error, what was there stays.

    A link stays one; permissions and owner stay.

    Raises
    ------
    OSError
        If it cannot be written, is write-protected, or is not a regular file, such as a device or
        a pipe, in whose place a file would come; the error names the file.
    """
    try:
        target = file.resolve()
        _check_replaceable(target)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".hypercycle-")
    except RuntimeError as error:  # of links that go round in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(file)) from error
    except OSError as error:
        error.filename = str(file)
        raise
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            yield opened
        new.chmod(_mode(target))
        _give_to_owner_of(target, new)
        new.replace(target)
    except BaseException:
        new.unlink()
        raise


def _check_replaceable(file: Path) -> None:
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "is not a regular file")
    if not _mode(file) & _MAY_WRITE:
        raise PermissionError(errno.EACCES, "is write-protected")


def _mode(file: Path) -> int:
    """Return the permissions of a file, or those that a new one gets."""
    if file.exists():
        return stat.S_IMODE(file.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _give_to_owner_of(file: Path, new: Path) -> None:
    """Let a file that replaces another belong to whom that one belongs to, as far as one may."""
    if not file.exists() or not hasattr(os, "chown"):
        return
    owner = file.stat()
    with suppress(PermissionError):
        os.chown(new, owner.st_uid, owner.st_gid)
