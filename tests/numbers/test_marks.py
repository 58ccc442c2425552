"""Marks: names and places, as the decimal fractions that they are written as."""

from fractions import Fraction

import pytest

from hypercycle.numbers.marks import checked_marks


def test_marks_are_exact():
    marks = checked_marks({"sample": 0.9, "start": 0, "third": 1 / 3})
    assert marks == (
        ("sample", Fraction(9, 10)),
        ("start", Fraction(0)),
        ("third", Fraction(3333333333333333, 10**16)),
    )
    assert checked_marks(marks) is marks
    assert checked_marks(None) == checked_marks({}) == ()


@pytest.mark.parametrize(
    ("marks", "error", "message"),
    [
        ({"peak": 0.5}, ValueError, "a text other than 'peak' and 'cycle_end', got 'peak'"),
        ({"cycle_end": 0.5}, ValueError, "other than 'peak' and 'cycle_end', got 'cycle_end'"),
        ({3: 0.5}, ValueError, "a mark is named by a text other than"),
        ({"late": 1.0}, ValueError, r"the mark 'late' must be in \[0, 1\), a part of a cycle, got"),
        ({"late": -0.1}, ValueError, r"the mark 'late' must be in \[0, 1\)"),
        ({"late": "90%"}, TypeError, "the mark 'late' must be a number, got '90%'"),
        (0.9, TypeError, "marks are names and parts of a cycle, such as {'sample': 0.9}, got 0.9"),
    ],
)  # fmt: skip
def test_marks_that_cannot_be_are_refused(marks, error, message):
    with pytest.raises(error, match=message):
        checked_marks(marks)
