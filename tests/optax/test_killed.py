"""A training that is killed again and again ends as if nothing had been."""

import sys

import pytest
from killed import check

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks what has imported a framework"),
]


@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=pytest.mark.walk)])
def test_a_training_that_is_killed_ends_bit_for_bit_as_one_that_is_not(tmp_path, kills):
    killed_at, _ = check("optax_killed", tmp_path, kills)
    assert {doom["phase"] for doom in killed_at} == {"training", "saving", "resuming"}
