"""States of Optax transformations that somebody changed: refused, or the values of the count."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import strategies
from hypothesis import example, given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle_optax import at_step, cycled, plan_step, values

LR = hc.Cycle(0.25, 0.75, 3, 2, waveform="hann")
GRADIENT = jnp.ones(2)
SGD = cycled(optax.sgd, {"lr": LR})
STATES = [
    SGD.init(GRADIENT),
    cycled(optax.sgd, {"lr": LR, "momentum": hc.Cycle(0.8, 0.9, 3)}).init(GRADIENT),
    cycled(optax.sgd, {"lr": LR}, external_step=True).init(GRADIENT),
    optax.sgd(0.1).init(GRADIENT),
    optax.chain(optax.clip(1.0), SGD).init(GRADIENT),
    None,
]
DTYPES = [
    jnp.int8,
    jnp.uint8,
    jnp.int16,
    jnp.int32,
    jnp.uint32,
    jnp.float32,
    jnp.bfloat16,
    jnp.bool_,
]
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 3, 127, 2**31 - 2, 2**31 - 1, -1, -5, 2**31, 2**40, True, 3.0, 3.7]),
    st.sampled_from([float("nan"), float("inf"), "3", None, (), (1, 2)]),
    st.integers(0, 10**6),
)


@st.composite
def counts(draw):
    number = draw(NUMBERS)
    if draw(st.booleans()) and isinstance(number, (int, float)):
        with np.errstate(all="ignore"):  # numbers that a dtype does not have become others
            return jnp.asarray(np.array(number).astype(draw(st.sampled_from(DTYPES))))
    return number


def is_step(count):
    whole = isinstance(count, int) or jnp.issubdtype(getattr(count, "dtype", bool), jnp.integer)
    return whole and not isinstance(count, bool) and 0 <= int(count) < 2**31


@strategies.examples(50)
@given(counts())
def test_a_changed_count_is_refused_or_gives_its_value(count):
    state = SGD.init(GRADIENT)._replace(count=count)
    try:
        told = values(SGD, state)
        updates, after = SGD.update(GRADIENT, state)
    except (TypeError, ValueError, OverflowError):
        assert not is_step(count)
        return
    if is_step(count):
        assert told == {"lr": LR(int(count))}
        np.testing.assert_allclose(updates, -LR(int(count)), rtol=1e-6)
        assert int(after.count) == min(int(count) + 1, 2**31 - 1)


@strategies.examples(50)
@given(st.sampled_from(STATES), counts())
@example(STATES[0], jnp.int32(-5))
@example(STATES[0], jnp.float32(3.7))
def test_a_step_is_refused_or_that_of_the_state(state, step):
    try:
        moved = at_step(state, step)
    except (TypeError, ValueError):
        return
    assert 0 <= float(step) == int(step) < 2**31
    assert int(plan_step(moved)) == int(step)
    assert jax.tree.structure(moved) == jax.tree.structure(state)
