"""PyTorch optimizers whose plans are in tokens, samples or seconds."""

import copy
import itertools
import pickle
import re
import warnings

import pytest
import torch
from torch_models import sgd, values_of

import hypercycle as hc

LR = hc.Cycle(0.1, 0.5, "2ktok")
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95))
COUNTED = PLAN.resolve(tokens_per_step=1)
# Token counts of two runs, one of batches that grow, that meet again and again.
STEADY = [700] * 60
GROWING = [100, 250, 350, *[700] * 25, *[1400] * 9, *[2100] * 4]


def trained(tokens, cycler=None):
    """Return the values at each count of a run, and its cycler."""
    if cycler is None:
        cycler = hc.attach(sgd(), PLAN)
    optimizer, values = cycler.optimizer, {}
    for one in tokens:
        optimizer.step()
        cycler.step(tokens=one)
        group = optimizer.param_groups[0]
        values[cycler.last_epoch] = group["lr"], group["momentum"]
    return values, cycler


def test_a_batch_size_that_changes_makes_no_difference_at_the_same_token():
    steady, _ = trained(STEADY)
    growing, cycler = trained(GROWING)
    shared = steady.keys() & growing.keys()
    assert len(shared) > 10
    for count in shared:
        assert steady[count] == growing[count]
    assert cycler.values == COUNTED(cycler.last_epoch)
    for count, values in (steady | growing).items():
        assert values == tuple(COUNTED(count).values())


@pytest.mark.parametrize("cut", [1, 12, 32])
@pytest.mark.parametrize("way", ["state", "pickle", "copy"])
def test_a_run_that_is_resumed_has_the_same_values(cut, way):
    whole, _ = trained(GROWING)
    before, cycler = trained(GROWING[:cut])
    if way == "state":
        state = pickle.loads(pickle.dumps(cycler.state_dict()))
        cycler = hc.attach(sgd(), PLAN)
        cycler.load_state_dict(state)
    else:
        cycler = copy.deepcopy(cycler) if way == "copy" else pickle.loads(pickle.dumps(cycler))
    after, _ = trained(GROWING[cut:], cycler)
    assert before | after == whole


def test_every_group_follows_however_it_is_written():
    lr = hc.Groups({0: LR, 1: hc.Ramp(0.0, 1.0, "8ktok")})
    made = sgd(2)
    cycler = hc.attach(made, lr=lr, momentum=LR.opposite(0.85, 0.95), weight_decay=0.125)
    for count in itertools.accumulate([300, 1, 1, 5000, 7]):
        cycler.step(tokens=count - cycler.last_epoch)
        assert values_of(made, "lr") == [COUNTED["lr"](count), count / 8000]
        assert values_of(made, "momentum") == [COUNTED["momentum"](count)] * 2
        assert cycler.values["lr"] == {0: COUNTED["lr"](count), 1: count / 8000}


def test_tensors_are_filled_and_groups_may_come_later():
    made = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=torch.tensor(0.1))
    rate = made.param_groups[0]["lr"]
    cycler = hc.attach(made, lr=LR)
    for _ in range(30):
        made.step()
        cycler.step(tokens=50)
    assert made.param_groups[0]["lr"] is rate
    assert rate == torch.tensor(COUNTED["lr"](1500))
    other = sgd()
    cycler = hc.attach(other, PLAN)
    for _ in range(30):
        other.step()
        cycler.step(tokens=50)
    other.add_param_group({"params": [torch.zeros(1, requires_grad=True)]})
    cycler.step(tokens=100)
    assert values_of(other, "lr") == [COUNTED["lr"](1600)] * 2
    cycler.step(tokens=100)
    assert values_of(other, "lr") == [COUNTED["lr"](1700)] * 2


def test_events_on_the_way_are_told_in_order_with_the_values_of_the_new_place():
    made, heard = sgd(), []
    cycler = hc.attach(
        made, PLAN, on_event=lambda *event: heard.append((*event, *values_of(made, "lr")))
    )
    for tokens in (*[7] * 30, 12_800):
        made.step()
        cycler.step(tokens=tokens)
    last = COUNTED["lr"](13_010)
    assert heard == [
        (name, cycle, (2 * cycle + (1 if name == "peak" else 2)) * 2000, last)
        for cycle in range(3)
        for name in ("peak", "cycle_end")
    ]


def test_a_jump_to_an_epoch_tells_what_it_passes_too():
    heard = []
    cycler = hc.attach(sgd(), lr=hc.Cycle(0.1, 0.5, 5), on_event=lambda *event: heard.append(event))
    cycler.step(32)
    expected = [
        (name, k, k * 10 + at) for k in range(3) for name, at in (("peak", 5), ("cycle_end", 10))
    ]
    assert heard == expected
    cycler.step(32)
    cycler.step(3)
    cycler.step()
    cycler.step()
    assert heard == [*expected, ("peak", 0, 5)]


@pytest.mark.parametrize("call", [lambda one: one.step(), lambda one: one.step_update(5)])
def test_a_trainer_that_counts_updates_is_refused_before_anything_moves(call):
    cycler = hc.attach(sgd(), PLAN)
    cycler.step(tokens=1000)
    with pytest.raises(TypeError, match=r"step\(tokens=…\), got step\(5?\); where it is always as"):
        call(cycler)
    assert cycler.last_epoch == 1000
    assert values_of(cycler.optimizer, "lr") == [COUNTED["lr"](1000)]


def test_the_optimizer_s_own_steps_do_not_say_what_they_held():
    made = sgd()
    message = (
        "advance='optimizer' does not fit this plan: its updates are counted, and the plan's "
        "lengths are in tokens: give tokens_per_step=…, how many there are in an update; or leave "
        "it out and call step(tokens=…) after each update"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        hc.attach(made, PLAN, advance="optimizer")
    follower = hc.attach(made, PLAN, advance="optimizer", tokens_per_step=500)
    assert follower.plan["lr"] == hc.Cycle(0.1, 0.5, 4)


def test_it_lets_go_at_the_end_and_says_where_the_run_goes_on():
    made = sgd()
    cycler = hc.attach(made, lr=hc.Ramp(0.5, 0.1, "40tok"), at_end="detach")
    for _ in range(28):
        made.step()
        cycler.step(tokens=2)
    assert cycler.detached
    assert values_of(made, "lr") == [0.1]
    made = sgd()
    cycler = hc.attach(made, lr=hc.Ramp(0.5, 0.1, "20%"), total_steps="100tok")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(60):
            made.step()
            cycler.step(tokens=2)
    assert ["total_steps=100" in str(one.message) for one in told] == [True]


def test_functions_of_the_user_are_asked_once_at_their_count():
    asked = []

    def lr(step):
        asked.append(step)
        return 0.1

    made = sgd()
    cycler = hc.attach(made, lr=lr, momentum=LR.opposite(0.85, 0.95))
    for _ in range(40):
        made.step()
        cycler.step(tokens=100)
    assert asked == list(range(0, 4001, 100))


@pytest.mark.usefixtures("fresh_compiler")
def test_a_compiled_step_is_compiled_once():
    made, graphs = sgd(), []
    cycler = hc.attach(made, PLAN)

    @torch.compile(backend=lambda graph, _: graphs.append(graph) or graph.forward)
    def train(x):
        x = x + 1
        cycler.step(tokens=100)
        return x * 2

    for _ in range(40):
        train(torch.zeros(1))
    assert cycler.last_epoch == 4000
    assert len(graphs) == 2  # what is before the cycler's step, and what is after it
