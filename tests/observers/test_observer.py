"""What is written when, the same for all observers."""

import weakref

import pytest
from logs import LR, MOMENTUM, dropout, expected, python, run

import hypercycle as hc
from hypercycle import observers, plugins


class Recorder(observers.Observer):
    """Keeps the rows; what all observers share shows in it."""

    def __init__(self, *, target=None, every=1):
        super().__init__(target, every)
        self.rows = []

    def write(self, step, values):
        self.rows.append((step, observers.flat(values)))

    def __repr__(self):
        return "Recorder()"


def test_a_row_for_each_update():
    with Recorder() as recorder:
        run(dropout(), 10)
    assert recorder.rows == expected(range(10))


def test_a_resumed_run_goes_on_where_the_log_ends():
    target = dropout()
    with Recorder() as recorder:
        state = run(target, 10).state_dict()
    with Recorder() as resumed:
        cycler = hc.attach(dropout(), p=LR, q=MOMENTUM)  # sets the values of step 0
        cycler.load_state_dict(state)
        for _ in range(3):
            cycler.step()
    assert recorder.rows + resumed.rows == expected(range(13))


def test_start_step_is_the_first_row():
    with Recorder() as recorder:
        run(dropout(), 2, start_step=10**12)
    assert recorder.rows == expected([10**12, 10**12 + 1])


def test_going_back_is_logged_as_it_is():
    with Recorder() as recorder:
        cycler = run(dropout(), 5)
        cycler.load_state_dict(cycler.state_dict() | {"step": 2})
        cycler.step()
        cycler.step()
    assert recorder.rows == expected([0, 1, 2, 3, 4, 5, 2, 3])


def test_the_same_state_again_is_no_update():
    with Recorder() as recorder:
        cycler = run(dropout(), 2)
        cycler.load_state_dict(cycler.state_dict())
        cycler.step()
    assert recorder.rows == expected([0, 1, 2])


def test_jumps_are_logged():
    with Recorder() as recorder:
        cycler = run(dropout(), 1)
        for step in (9, 19):
            cycler.last_epoch = step
            cycler.step()
    assert recorder.rows == expected([0, 1, 10])


def test_every():
    with Recorder(every=4) as recorder:
        run(dropout(), 10)
    assert recorder.rows == expected([0, 4, 8])
    with pytest.raises(ValueError, match="every must be at least 1, got every=0"):
        Recorder(every=0)


def test_registered_and_closed_by_hand():
    recorder = Recorder()
    hc.register_plugin(recorder)
    cycler = run(dropout(), 2)
    recorder.close()
    cycler.step()
    run(dropout(), 2)
    assert recorder.rows == expected([0, 1])
    recorder.close()
    with pytest.raises(ValueError, match=r"Recorder\(\) is closed: make another"):
        recorder.__enter__()
    assert plugins.observers() == ()


def test_a_closed_observer_keeps_nothing_alive():
    class Target:
        p = 0.5

    target = Target()
    alive = weakref.ref(target)
    with Recorder() as recorder:
        hc.attach(target, p=LR).step()
    assert recorder.rows
    del target
    assert alive() is None


def diverge():
    run(dropout(), 2)
    raise ArithmeticError("the loss is gone")


def test_a_failure_of_training_unregisters_and_keeps_the_rows():
    recorder = Recorder()
    with pytest.raises(ArithmeticError, match="the loss is gone"), recorder:
        diverge()
    assert plugins.observers() == ()
    assert recorder.rows == expected([0, 1])


def test_two_targets_are_an_error_that_says_what_to_do():
    with Recorder():
        run(dropout(), 2)
        with pytest.raises(
            ValueError,
            match=r"Recorder\(\) logs the p, q of one SimpleNamespace but received the p, q of "
            r"another target, a SimpleNamespace: say which it is for, with target=…, and give each "
            "an observer of its own",
        ):
            run(dropout(), 2)


def test_an_observer_of_one_target():
    one, other = dropout(), dropout()
    with Recorder(target=one) as of_one, Recorder(target=other) as of_other:
        run(other, 1)
        run(one, 3)
    assert of_one.rows == expected([0, 1, 2])
    assert of_other.rows == expected([0])


def test_two_cyclers_of_one_target_are_an_error():
    target = dropout()
    with Recorder():
        hc.attach(target, p=LR)
        with pytest.raises(
            ValueError,
            match=r"Recorder\(\) logs p of a SimpleNamespace but received q of the same one: "
            "attach one plan with all of them",
        ):
            hc.attach(target, q=LR)


def test_importing_them_loads_no_logger():
    script = """
        import sys
        import hypercycle.observers
        print({"torch", "tensorboard", "tensorflow", "wandb"} & set(sys.modules) or "none")
    """
    assert python(script) == "none\n"


def test_that_test_can_fail(tmp_path):
    script = """
        import sys
        import hypercycle.observers
        hypercycle.observers.TensorBoard(sys.argv[1])
        print({"torch", "tensorboard", "tensorflow", "wandb"} & set(sys.modules) or "none")
    """
    assert python(script, tmp_path) == "{'tensorboard'}\n"
