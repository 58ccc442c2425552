"""The values of an update in the place of an optimizer's own, and these back again."""

from types import SimpleNamespace

import pytest

from hypercycle_keras.update import update_with

VARIABLES = [SimpleNamespace(path=path) for path in ("a/kernel", "a/bias", "b/kernel", "b/bias")]


def an_optimizer():
    """Return an object with the attributes of an optimizer; no base class is asked for more."""
    return SimpleNamespace(momentum=0.9, weight_decay=0.1)


def test_values_take_the_place_of_the_optimizers_own_in_one_slot():
    optimizer = an_optimizer()
    with update_with(optimizer, {"momentum": 0.5}, {}, 0.01):
        assert vars(optimizer).keys() == {"momentum", "weight_decay", "_update"}
        assert (optimizer.momentum, optimizer.weight_decay) == (0.5, 0.1)
        assert optimizer._update.rate == 0.01
        assert [*optimizer._update.each_group(VARIABLES)] == [range(4)]
    assert optimizer == an_optimizer()


def test_an_error_puts_the_optimizers_own_back():
    optimizer = an_optimizer()
    grouped = {"learning_rate": {".*": 0.1}, "weight_decay": {".*kernel": 0.3, ".*": None}}

    def fail():
        for _ in optimizer._update.each_group(VARIABLES):
            raise KeyError

    with pytest.raises(KeyError), update_with(optimizer, {"momentum": 0.5}, grouped):
        fail()
    assert optimizer == an_optimizer()


def test_variables_with_the_same_values_are_updated_together():
    optimizer = an_optimizer()
    grouped = {
        "learning_rate": {"a/.*": 0.01, ".*": None},
        "weight_decay": {".*kernel": 0.3, "a/.*": None, ".*": 0.4},
    }
    with update_with(optimizer, {"momentum": 0.5}, grouped):
        update = optimizer._update
        seen = [
            (indices, optimizer.momentum, optimizer.weight_decay, update.rate)
            for indices in update.each_group(VARIABLES)
        ]
        assert (optimizer.momentum, optimizer.weight_decay, update.rate) == (0.5, 0.1, None)
    assert seen == [
        ([0], 0.5, 0.3, 0.01),
        ([1], 0.5, 0.1, 0.01),
        ([2], 0.5, 0.3, None),
        ([3], 0.5, 0.4, None),
    ]


def test_threads_overlap_and_the_last_one_puts_back():
    # As the replicas of a tf.distribute strategy do: one waits inside while the next one enters.
    optimizer = an_optimizer()
    first = update_with(optimizer, {"momentum": 0.5}, {}, "first")
    second = update_with(optimizer, {"momentum": 0.6}, {}, "second")
    first.__enter__()
    update = optimizer._update
    second.__enter__()
    assert optimizer._update is update
    assert (optimizer.momentum, update.rate) == (0.6, "second")
    first.__exit__(None, None, None)
    assert (optimizer.momentum, update.rate) == (0.6, "second")
    second.__exit__(None, None, None)
    assert optimizer == an_optimizer()


def test_a_thread_that_waits_in_a_group_leaves_it_to_the_next():
    optimizer = an_optimizer()
    grouped = {"momentum": {"a/.*": 0.5, ".*": None}}
    with update_with(optimizer, {}, grouped), update_with(optimizer, {}, grouped):
        replicas = [optimizer._update.each_group(VARIABLES) for _ in range(2)]
        for indices, momentum in (([0, 1], 0.5), ([2, 3], 0.9)):
            for replica in replicas:
                assert next(replica) == indices
                assert optimizer.momentum == momentum
        assert [next(replica, None) for replica in replicas] == [None, None]
    assert optimizer == an_optimizer()
