"""A function that is called with the values."""

import jax.numpy as jnp
import pytest
from logs import dropout, expected, optimizer_of_two_groups, run

import hypercycle as hc
from hypercycle import observers


def test_the_function_hears_of_every_update():
    rows = []
    with observers.Call(lambda step, values: rows.append((step, values))):
        run(dropout(), 10)
    assert rows == expected(range(10))


def test_every_and_target_are_those_of_all_observers():
    rows, one, other = [], dropout(), dropout()
    with observers.Call(lambda *row: rows.append(row), target=one, every=4):
        run(other, 10)
        run(one, 10)
    assert rows == expected([0, 4, 8])


def test_values_of_groups_have_flat_names():
    torch = pytest.importorskip("torch")
    rows = []
    with observers.Call(lambda *row: rows.append(row)):
        cycler = hc.attach(
            optimizer_of_two_groups(torch),
            lr=hc.Cycle(0.1, 0.5, 4),
            weight_decay=hc.Groups({"weights": 0.25, "biases": 0.5}),
        )
        cycler.step()
    values = {"lr": 0.1, "weight_decay/weights": 0.25, "weight_decay/biases": 0.5}
    assert rows == [(0, values)]


def test_beside_a_compiled_step_it_is_given_plain_numbers():
    rows = []
    observers.Call(lambda *row: rows.append(row)).write(jnp.asarray(3), {"lr": jnp.asarray(0.5)})
    assert rows == [(3, {"lr": 0.5})]
    assert list(map(type, (rows[0][0], rows[0][1]["lr"]))) == [int, float]


def test_what_the_function_raises_ends_training():
    def full(step, values):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), observers.Call(full):
        run(dropout(), 2)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match=r"Call takes a function\(step, values\), got 'print'"):
        observers.Call("print")
    assert repr(observers.Call(print)) == "Call(<built-in function print>)"
