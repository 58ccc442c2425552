"""The random states of Python, NumPy and PyTorch are put back."""

# ruff: noqa: NPY002  (NumPy's global generator is one of those that must be kept)

import random
import subprocess
import sys

import numpy as np
import pytest

from hypercycle.range_test.random_states import keep_random_states, keep_random_states_of_loaders


def drawn():
    return random.random(), np.random.random()


@pytest.mark.parametrize("kept", [keep_random_states, keep_random_states_of_loaders])
def test_what_is_drawn_inside_is_drawn_again(kept):
    with kept():
        first = drawn()
        drawn()
    assert drawn() == first


@pytest.mark.parametrize("kept", [keep_random_states, keep_random_states_of_loaders])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_too(kept, error):
    first = []

    def fails():
        with kept():
            first.append(drawn())
            raise error

    with pytest.raises(error):
        fails()
    assert drawn() == first[0]


def test_a_seed_set_inside_is_forgotten():
    with keep_random_states():
        before = drawn()
    with keep_random_states():
        random.seed(0)
        np.random.seed(0)
        assert drawn() != before
    assert drawn() == before


def test_pytorch_is_among_those_of_loaders_alone():
    torch = pytest.importorskip("torch")
    state = torch.get_rng_state()
    with keep_random_states_of_loaders():
        torch.rand(3)
    assert torch.equal(torch.get_rng_state(), state)
    with keep_random_states():
        torch.rand(3)
    assert not torch.equal(torch.get_rng_state(), state)


def test_pytorch_is_not_imported_for_it():
    code = """
import sys
from hypercycle.range_test.random_states import keep_random_states_of_loaders
with keep_random_states_of_loaders():
    pass
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
