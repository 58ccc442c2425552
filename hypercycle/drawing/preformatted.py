"""What a notebook displays of a printed text."""

from __future__ import annotations

import html


def preformatted(text: str) -> str:
    """Return a text as HTML: the same, with its columns below each other.

    >>> preformatted("a < b")
    '<pre style="white-space: pre-wrap">a &lt; b</pre>'
    """
    return f'<pre style="white-space: pre-wrap">{html.escape(text)}</pre>'
