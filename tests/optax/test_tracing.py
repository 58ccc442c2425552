"""What cannot be traced is told by name."""

import jax
import jax.numpy as jnp
import optax
import pytest
from optax_training import LR, MOMENTUM, PARAMS, PLAN, train

from hypercycle_optax import cycled
from hypercycle_optax.tracing import check_traceable


def test_a_branch_in_python_names_the_argument_behind_it():
    def branching(learning_rate, decay):
        return optax.chain(
            optax.trace(decay) if decay > 0.5 else optax.identity(), optax.scale(-learning_rate)
        )

    with pytest.raises(TypeError, match=r"^decay cannot follow a schedule: the code behind it"):
        cycled(branching, {"lr": LR, "decay": MOMENTUM})
    cycled(branching, {"lr": LR}, decay=0.9)


def test_a_branch_in_the_update_names_the_argument_behind_it():
    def branching(learning_rate, decay):
        def update(updates, state, params=None):
            del params
            return jax.tree.map(lambda u: u * (decay if decay > 0.5 else 1.0), updates), state

        own = optax.GradientTransformation(lambda params: (), update)
        return optax.chain(own, optax.scale(-learning_rate))

    transformation = cycled(branching, {"lr": LR, "decay": MOMENTUM})
    with pytest.raises(TypeError, match=r"^decay cannot follow a schedule"):
        train(transformation, 1)
    with pytest.raises(TypeError, match=r"^decay cannot follow a schedule"):  # outside of jit too
        transformation.update(PARAMS, transformation.init(PARAMS), PARAMS)


def test_errors_of_the_factory_s_own_update_stay_what_they_are():
    with pytest.raises(ValueError, match="params"):
        cycled(optax.adamw, PLAN).update(PARAMS, cycled(optax.adamw, PLAN).init(PARAMS))


def test_which_values_a_result_depends_on():
    def function(values):
        first, _, third = values
        return jnp.asarray(first) * 2.0, jnp.asarray(third) * 0.0 + jax.jit(lambda x: x)(third)

    assert check_traceable(function, ["a", "b", "c"], [0.1, 0.2, 0.3]) == [True, False, True]


def test_what_fails_with_numbers_as_well_is_not_a_matter_of_tracing():
    def function(values):
        raise KeyError(len(values))

    with pytest.raises(KeyError) as caught:
        check_traceable(function, ["a", "b"], [0.1, 0.2])
    assert "(while hypercycle looked at what a, b would change)" in caught.value.__notes__
