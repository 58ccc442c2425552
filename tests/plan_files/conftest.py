"""Plan files in a folder of the test's own."""

import textwrap

import pytest


@pytest.fixture
def file(tmp_path):
    """Write a plan file and return its path."""

    def write(text, suffix=".toml"):
        path = tmp_path / f"plan{suffix}"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return path

    return write
