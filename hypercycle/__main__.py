"""The command ``hypercycle``, and ``python -m hypercycle``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, or say in one line what it needs."""
    try:
        from hypercycle.command_line import hypercycle
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.exit("hypercycle: error: the command line needs click: pip install 'hypercycle[cli]'")
    except KeyboardInterrupt:
        sys.exit(130)
    if sys.stdout is None:  # as `hypercycle list >&-` leaves it
        sys.stderr.write("hypercycle: error: the standard output is closed\n")
        sys.exit(2)
    hypercycle(prog_name="hypercycle")


if __name__ == "__main__":
    main()
