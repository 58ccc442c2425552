"""What pages show: programs, and commands and whether these print what is shown."""

import doctest
import math
import re

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]\d+)?")
# Another processor adds in another order, so that a range test may read off the next of the 101
# places of its grid: a factor of 1.15 where it spans six decades, as on the page.
STEP = 0.13


def blocks(text, *languages):
    """(language, block) in these languages, each at its own line so that errors point there."""
    for match in FENCE.finditer(text):
        if match[1] in languages:
            yield match[1], "\n" * text.count("\n", 0, match.start(2)) + match[2]


def sessions(text, kinds="console|python|toml"):
    """Commands and what they print, plan files that they write, programs that they need."""
    pattern = rf"^```({kinds})\n(.*?)^```$"
    for match in re.finditer(pattern, text, re.MULTILINE | re.DOTALL):
        if match[1] == "python":
            yield ("program", re.match(r"# (\w+\.py)\n", match[2])[1], match[2])
            continue
        if match[1] == "toml":
            yield ("plan", "plan.toml", match[2])
            continue
        for part in re.split(r"^\$ ", match[2], flags=re.MULTILINE)[1:]:
            command, printed = re.fullmatch(
                r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.DOTALL
            ).groups()
            yield ("command", command, printed)


def same_text(shown, printed):
    """Say whether they are the same, where the page leaves nothing out."""
    return doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS)


def same_but_for_rounding(shown, printed):
    """Say whether words and columns are the same, and numbers that were trained for are close."""
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=False)
    return _layout(shown) == _layout(printed) and all(
        math.isclose(float(one), float(other), rel_tol=STEP) for one, other in pairs
    )


def _layout(text):
    """The words of each line, and where its columns begin."""
    return [
        (
            [column.start() for column in re.finditer(r"(?:^|(?<=  ))\S", line)],
            re.sub(" +", " ", NUMBER.sub("#", line)),
        )
        for line in text.split("\n")
    ]
