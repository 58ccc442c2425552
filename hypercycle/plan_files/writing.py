"""Files are written whole or not at all: what was there stays until all is written."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, or leave what was there. A link stays one, and permissions stay.

    What is not a regular file, such as a device or a pipe, is written to as it is.

    Raises
    ------
    OSError
        If it cannot be written; the error names the file.
    """
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    target = file.resolve()
    try:
        descriptor, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=".new"
        )
    except OSError as error:
        error.filename = str(file)
        raise
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
        new.chmod(_mode(target))
        new.replace(target)
    except BaseException:
        new.unlink()
        raise


def _mode(file: Path) -> int:
    """Return the permissions of a file, or those that a new one gets."""
    if file.exists():
        return stat.S_IMODE(file.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
