"""What is probably not meant is told: once, at the user's line, in a category of its own."""

import copy
import linecache
import pickle
import warnings

import pytest
import torch
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    ExponentialLR,
    LinearLR,
    ReduceLROnPlateau,
    SequentialLR,
)
from torch_models import LR, adamw, give_gradients, sgd, update

import hypercycle as hc
from hypercycle_torch.watching import _STEPS, _was_changed

MANY = 100


def told(run):
    """Return the warnings of misuse that a run gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run()
    return [one for one in caught if issubclass(one.category, hc.MisuseWarning)]


def loop(made, cycler, updates=MANY, *, order="us", every=1):
    """Train: u is an update, s a step of the cycler."""
    for number in range(updates):
        for letter in order:
            if letter == "u":
                update(made, number)
            elif number % every == every - 1:
                cycler.step()


RIGHT = {
    "sgd": (sgd, {}),
    "adamw": (adamw, {}),
    "a follower": (adamw, {"advance": "optimizer"}),
    "tensors": (lambda: adamw(lr=torch.tensor(0.1)), {}),
    "from a step on": (sgd, {"start_step": 7}),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_nothing_is_told_of_what_is_right(kind):
    make, options = RIGHT[kind]
    made = make()
    cycler = hc.attach(made, lr=LR, **options)
    assert told(lambda: loop(made, cycler)) == []
    state = cycler.state_dict()
    assert told(lambda: (cycler.load_state_dict(state), loop(made, cycler))) == []


WRONG = {
    "once in many": ({"every": 50}, r"once in many updates \(parameters were written 50 times"),
    "before": ({"order": "su"}, "was called before the first optimizer.step"),
    "twice": ({"order": "uss"}, "step.. is called 20 times in 10 updates: call it once for each"),
    "three times": ({"order": "usss"}, "is called 20 times in 6 updates: .* of Accelerate, attach"),
    "eight times": ({"order": "u" + 8 * "s"}, "is called 20 times in 2 updates"),
}


@pytest.mark.parametrize("make", [sgd, adamw])
@pytest.mark.parametrize("way", WRONG)
def test_a_clock_that_is_not_the_optimizers_is_told_once(way, make):
    options, message = WRONG[way]
    made = make()
    cycler = hc.attach(made, lr=LR)
    with pytest.warns(hc.MisuseWarning, match=message if make is sgd or way != "once in many" else
                      "once in many updates") as caught:  # fmt: skip
        loop(made, cycler, **options)
    assert len(caught) == 1
    assert "cycler.step()" in linecache.getline(caught[0].filename, caught[0].lineno)


def test_a_loaded_run_is_watched_again():
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    loop(made, cycler)
    cycler.load_state_dict(cycler.state_dict())
    with pytest.warns(hc.MisuseWarning, match="is called 20 times in 10 updates"):
        loop(made, cycler, order="uss")


def test_it_can_be_silenced_alone():
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=hc.MisuseWarning)
        loop(made, cycler, order="uss")


class Skipping:
    """A gradient scaler whose first scales are too large."""

    def __init__(self, made, skips):
        self.made, self.skips = made, skips

    def step(self, number):
        give_gradients(self.made, number)
        if number < self.skips:
            for group in self.made.param_groups:
                for parameter in group["params"]:
                    parameter.grad.fill_(torch.inf)
        else:
            self.made.step()


@pytest.mark.parametrize("skips", [1, 2, 7, 16])
def test_updates_that_a_scaler_skips_are_no_misuse(skips):
    made = adamw()
    cycler = hc.attach(made, lr=LR)
    scaler = Skipping(made, skips)

    def run():
        for number in range(60):
            scaler.step(number)
            cycler.step()

    assert told(run) == []


def test_steps_without_any_training_say_nothing_of_it():
    cycler = hc.attach(sgd(), lr=LR)
    assert told(lambda: [cycler.step() for _ in range(3 * _STEPS)]) == []


def test_an_average_of_the_weights_beside_is_no_misuse():
    made = sgd()
    cycler = hc.attach(made, lr=LR)

    def run():
        for number in range(60):
            update(made, number)
            for group in made.param_groups:
                for parameter in group["params"]:
                    parameter.data.clamp_(-1, 1)
            cycler.step()

    assert told(run) == []


# Other schedulers of the same optimizer.


def plateau(made, cycler):
    return [ReduceLROnPlateau(made)], cycler.step


def decay(made, cycler):
    other = ExponentialLR(made, 0.9)
    return other, ChainedScheduler([cycler, other], made).step


def materialised(made, cycler):
    other = ReduceLROnPlateau(made)
    vars(other)["kept"] = dict(vars(other))
    return other, cycler.step


@pytest.mark.parametrize("beside", [plateau, decay, materialised])
def test_another_scheduler_beside_it_is_told(beside):
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    kept, step = beside(made, cycler)

    def run():
        for number in range(60):
            update(made, number)
            step()

    (one,) = told(run)
    name = type(kept[0] if isinstance(kept, list) else kept).__name__
    assert f"a {name} drives the learning rate of this optimizer too" in str(one.message)


def test_what_else_changes_the_rate_is_told_where_nobody_is_found():
    made = sgd(2)
    cycler = hc.attach(made, lr=hc.Groups({0: LR, 1: None}))

    def run():
        for number in range(60):
            update(made, number)
            made.param_groups[0]["lr"] *= 0.9
            cycler.step()

    (one,) = told(run)
    assert "something else drives the learning rate of this optimizer too" in str(one.message)


def test_an_averaging_scheduler_that_waits_is_no_misuse():
    made = sgd(lr=torch.tensor(0.1, dtype=torch.bfloat16))
    cycler = hc.attach(made, lr=LR, relative=True)
    kept = torch.optim.swa_utils.SWALR(made, swa_lr=0.05)
    assert told(lambda: loop(made, cycler)) == []
    del kept


def test_lbfgs_and_layers_that_are_left_out_are_no_misuse():
    weights = [torch.nn.Parameter(torch.full((2,), 5.0)) for _ in range(20)]
    made = torch.optim.LBFGS(weights, lr=0.1, max_iter=60, tolerance_change=0, tolerance_grad=0)
    cycler = hc.attach(made, lr=LR)

    def closure():
        made.zero_grad()
        loss = sum((one**4).sum() for one in weights)
        loss.backward()
        return loss

    assert told(lambda: [(made.step(closure), cycler.step()) for _ in range(30)]) == []
    dropped = torch.optim.SGD(weights, lr=0.01)
    again = hc.attach(dropped, lr=LR)

    def run():
        for number in range(40):
            for index, one in enumerate(weights):
                one.grad = None if index < 10 and number % 2 else torch.ones(2)
            dropped.step()
            again.step()

    assert told(run) == []


def test_schedulers_in_turns_or_of_others_are_no_misuse():
    made, other = sgd(), sgd()
    cycler = hc.attach(made, lr=LR)
    kept = [ReduceLROnPlateau(other)]
    before, after = LinearLR(made, 0.1, total_iters=3), ConstantLR(made, 0.5, 10)
    sequence = SequentialLR(made, [before, cycler, after], [3, 50])

    def run():
        for number in range(60):
            update(made, number)
            sequence.step()

    assert told(run) == []
    decaying = hc.attach(other, weight_decay=LR)
    assert told(lambda: loop(other, decaying)) == []
    del kept


# The end of the plan.


@pytest.mark.parametrize(
    ("plan", "options", "message"),
    [
        (hc.one_cycle(0.1, 60), {}, "has ended at step 59 and holds 4e-07 from there on"),
        ({"lr": hc.warmup_stable_decay(0.1, 10, 40, 10)}, {}, "ended at step 60 and holds 0.0"),
        ({"lr": hc.Cycle(0.1, 0.5, "50%")}, {"total_steps": 60}, "made for total_steps=60, and"),
    ],
)
def test_a_run_past_the_plans_end_is_told_once(plan, options, message):
    made = sgd(momentum=0.9)
    cycler = hc.attach(made, plan, **options)
    assert told(lambda: loop(made, cycler, 60)) == []
    with pytest.warns(hc.MisuseWarning, match=message) as caught:
        loop(made, cycler, 100)
    assert len(caught) == 1


@pytest.mark.parametrize(
    "schedule", [hc.Ramp(0.0, 0.1, 60), hc.warmup(30, 0.5), LR, hc.Cycle(0.1, 0.5, 10, cycles=3)]
)
def test_a_plan_that_holds_a_rate_has_no_end(schedule):
    made = sgd()
    cycler = hc.attach(made, lr=schedule)
    assert told(lambda: loop(made, cycler, 200)) == []


def test_copies_are_not_watched_and_step_on():
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    for again in (copy.deepcopy(cycler), pickle.loads(pickle.dumps(cycler))):
        assert told(lambda again=again: [again.step() for _ in range(60)]) == []
        assert again.last_epoch == 60


def test_a_rate_on_a_device_is_not_waited_for():
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    made.param_groups[0]["lr"] = torch.tensor(0.0, device="meta")  # which cannot be read at all
    assert not _was_changed(cycler, cycler._tracks.tracks[0])
    made.param_groups[0]["lr"] = torch.tensor(0.0)
    assert _was_changed(cycler, cycler._tracks.tracks[0])
