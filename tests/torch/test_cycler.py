"""What stands in the parameter groups, step by step, against the plan itself."""

import math

import pytest
import strategies
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_models import LR, adamw, optimizer, sgd, snapshot, update, values_of, weights

import hypercycle as hc
from hypercycle.driving import tracks

FLOATS = hc.Plan(
    lr=hc.Cycle(0.01, 0.3, 5, 3, waveform="hann", scale=hc.Exponential(0.99)),
    momentum=hc.Cycle(0.01, 0.3, 5, 3, waveform="hann").opposite(0.85, 0.95),
    weight_decay=hc.Chain(hc.Ramp(0.0, 0.1, 7), hc.Cycle(0.01, 0.1, 3)),
)


@pytest.mark.parametrize("groups", [1, 2, 7])
def test_the_values_of_every_step_are_the_plans(groups):
    made = sgd(groups)
    cycler = hc.attach(made, FLOATS)
    for step in range(40):
        expected = FLOATS(step)
        assert cycler.values == expected
        for name, value in expected.items():
            assert values_of(made, name) == [value] * groups
            assert all(type(one) is float for one in values_of(made, name))
        update(made, step)
        cycler.step()


LEGAL = strategies.schedules(
    depth=1, of=strategies.short_lengths, bounds=st.floats(0.001, 0.9), scale=st.just("constant")
)


@settings(max_examples=60)
@given(LEGAL, LEGAL, LEGAL, st.integers(0, 10_000))
def test_any_schedules_are_followed(lr, momentum, decay, start):
    plan = hc.Plan(lr=lr, momentum=momentum, weight_decay=decay)
    made = sgd(2)
    cycler = hc.attach(made, plan, start_step=start)
    for step in range(start, start + 30):
        expected = plan(step)
        assert [{name: group[name] for name in plan} for group in made.param_groups] == [
            expected,
            expected,
        ]
        cycler.step()


def test_members_of_tuples_follow_and_their_neighbours_stay():
    made = adamw(2, betas=(0.9, 0.99))
    plan = hc.Plan(beta1=hc.Cycle(0.8, 0.95, 3), lr=0.25)
    cycler = hc.attach(made, plan)
    for step in range(12):
        for group in made.param_groups:
            assert group["betas"] == (plan(step)["beta1"], 0.99)
            assert type(group["betas"]) is tuple
            assert [type(beta) for beta in group["betas"]] == [float, float]
            assert group["lr"] == 0.25
        cycler.step()


def test_one_key_is_added_and_no_other_value_changed():
    made = sgd(2, weight_decay=0.3)
    keys = [[*group, "initial_lr"] for group in made.param_groups]
    others = [{k: v for k, v in group.items() if k != "lr"} for group in made.param_groups]
    cycler = hc.attach(made, lr=LR)
    for _ in range(5):
        cycler.step()
    assert [list(group) for group in made.param_groups] == keys
    now = [{k: v for k, v in g.items() if k != "lr"} for g in made.param_groups]
    assert now == [other | {"initial_lr": 0.1} for other in others]
    assert "step" not in vars(made)  # PyTorch's own schedulers wrap it


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_tensors_are_filled_in_place_and_rounded_once(dtype):
    lr = torch.tensor(0.1, dtype=dtype)
    made = optimizer(torch.optim.SGD, {}, lr=lr)
    address = lr.data_ptr()
    cycle = hc.Cycle(0.1, 0.3, 7)
    cycler = hc.attach(made, lr=cycle)
    for step in range(30):
        assert made.param_groups[0]["lr"] is lr
        assert lr.data_ptr() == address
        assert lr.item() == torch.tensor(cycle(step), dtype=dtype).item()
        assert cycler.values == {"lr": cycle(step)}
        assert cycler.get_last_lr() == [lr.item()]
        cycler.step()


def test_tensors_of_one_element_and_of_betas_are_filled_too():
    betas = torch.tensor(0.9), torch.tensor(0.999)
    made = optimizer(torch.optim.AdamW, {}, lr=torch.tensor([0.1]), betas=betas)
    lr = made.param_groups[0]["lr"]
    cycler = hc.attach(made, lr=LR, beta2=hc.Cycle(0.9, 0.99, 4))
    cycler.step()
    assert made.param_groups[0]["lr"] is lr
    assert lr.tolist() == [torch.tensor(0.2).item()]
    assert all(a is b for a, b in zip(made.param_groups[0]["betas"], betas, strict=True))
    assert betas[1].item() == torch.tensor(hc.Cycle(0.9, 0.99, 4)(1)).item()
    assert betas[0].item() == torch.tensor(0.9).item()


def test_a_tensor_that_needs_gradients_is_filled():
    lr = torch.tensor(0.1, requires_grad=True)
    made = optimizer(torch.optim.SGD, {}, lr=lr)
    hc.attach(made, lr=LR).step()
    assert lr.item() == torch.tensor(0.2).item()


def test_groups_that_share_a_tensor_get_their_own():
    shared = torch.tensor(0.1, dtype=torch.float64)
    made = optimizer(torch.optim.SGD, {}, {}, {}, lr=shared)
    assert made.param_groups[0]["lr"] is made.param_groups[1]["lr"]
    cycles = {0: hc.Cycle(0.1, 0.2, 2), 1: hc.Cycle(0.3, 0.4, 2), 2: None}
    cycler = hc.attach(made, lr=hc.Groups(cycles))
    assert made.param_groups[0]["lr"] is shared
    assert values_of(made, "lr") == [0.1, 0.3, 0.1]
    cycler.step()
    cycler.step()
    assert values_of(made, "lr") == [0.2, 0.4, 0.1]
    state = made.state_dict()
    made.load_state_dict(state)
    cycler.step()
    assert [float(lr) for lr in values_of(made, "lr")] == [cycles[0](3), cycles[1](3), 0.1]


def test_groups_may_mix_floats_and_tensors():
    made = optimizer(torch.optim.SGD, {"lr": torch.tensor(0.1, dtype=torch.float64)}, {}, lr=0.1)
    cycler = hc.attach(made, lr=LR)
    cycler.step()
    assert isinstance(made.param_groups[0]["lr"], torch.Tensor)
    assert type(made.param_groups[1]["lr"]) is float
    assert [float(lr) for lr in values_of(made, "lr")] == [LR(1)] * 2


def test_dicts_of_groups_are_never_remembered():
    made, same = sgd(2), sgd(2)
    plan = hc.Plan(lr=LR, momentum=hc.Cycle(0.5, 0.9, 3))
    cycler, other = hc.attach(made, plan), hc.attach(same, plan)
    for step in range(12):
        for one, its in ((made, cycler), (same, other)):
            update(one, step)
            its.step()
        # Replaces the list, every dict in it and every tensor.
        made.load_state_dict(made.state_dict())
        assert values_of(made, "lr") == [LR(step + 1)] * 2
    assert all(map(torch.equal, weights(made), weights(same)))


def test_replaced_floats_become_filled_tensors_after_loading():
    floats, tensors = sgd(1), optimizer(torch.optim.SGD, {}, lr=torch.tensor(0.1))
    cycler = hc.attach(floats, lr=LR)
    floats.load_state_dict(tensors.state_dict())
    lr = floats.param_groups[0]["lr"]
    assert isinstance(lr, torch.Tensor)
    cycler.step()
    assert floats.param_groups[0]["lr"] is lr
    assert lr.item() == torch.tensor(LR(1)).item()


BORDERS = [0, 1, tracks.BLOCK_STEPS - 1, tracks.BLOCK_STEPS, 3 * tracks.BLOCK_STEPS + 1, 10**12]


@pytest.mark.parametrize("start", BORDERS)
def test_the_step_may_be_assigned(start):
    plan = hc.Plan(lr=hc.Cycle(0.1, 0.5, 997, 1009), momentum=hc.Cycle(0.5, 0.9, 13))
    made = sgd(2)
    cycler = hc.attach(made, plan)
    for target in (start, 5, start + 3, 0):
        cycler.last_epoch = target
        assert cycler.values == plan(target)
        cycler.step()
        assert cycler.last_epoch == target + 1
        assert cycler.values == plan(target + 1)
        assert values_of(made, "lr") == [plan(target + 1)["lr"]] * 2
        cycler.step()
        assert values_of(made, "momentum") == [plan(target + 2)["momentum"]] * 2


def test_steps_across_the_borders_of_blocks():
    plan = hc.Plan(lr=hc.Cycle(0.1, 0.5, 1000), momentum=hc.Cycle(0.5, 0.9, 77, 79))
    made = sgd(1)
    cycler = hc.attach(made, plan, start_step=5)
    for step in range(5, 5 + 2 * tracks.BLOCK_STEPS + 10):
        group = made.param_groups[0]
        assert {"lr": group["lr"], "momentum": group["momentum"]} == plan(step)
        cycler.step()


def test_step_takes_the_deprecated_epoch():
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    cycler.step(3)
    assert (cycler.last_epoch, values_of(made, "lr")) == (3, [LR(3)])
    cycler.step(epoch=2)
    assert (cycler.last_epoch, values_of(made, "lr")) == (2, [LR(2)])
    before = snapshot(made)
    for wrong in (-1, 0.5):
        with pytest.raises(ValueError, match="epoch must be"):
            cycler.step(wrong)
    assert snapshot(made) == before
    assert cycler.last_epoch == 2


def test_a_function_is_never_evaluated_ahead_of_its_step():
    made = sgd(2)
    asked = []

    def own(step):
        asked.append(step)
        return 0.1 + 0.01 * step

    cycler = hc.attach(made, lr=own, momentum=hc.Cycle(0.5, 0.9, 3))
    for step in range(1, 50):
        assert max(asked) == step - 1
        cycler.step()
        assert values_of(made, "lr") == [0.1 + 0.01 * step] * 2
        assert values_of(made, "momentum") == [hc.Cycle(0.5, 0.9, 3)(step)] * 2
        assert asked[-1] == step
    assert asked.count(30) == 1
    assert cycler.values["lr"] == 0.1 + 0.01 * 49
    assert asked.count(49) == 1


def test_a_function_may_look_at_what_training_did():
    made = sgd()
    rate = [0.1]
    cycler = hc.attach(made, lr=hc.Product(lambda step: rate[0], hc.Cycle(0.5, 1.0, 4)))
    for step in range(1, 20):
        rate[0] = 0.1 / step
        cycler.step()
        assert values_of(made, "lr") == [rate[0] * hc.Cycle(0.5, 1.0, 4)(step)]


def test_a_function_that_gives_other_numbers_is_assigned_as_floats():
    made = sgd()
    kinds = [torch.tensor(0.5), 1, hc.Cycle(0.1, 0.5, 4)(4)]
    cycler = hc.attach(made, lr=lambda step: kinds[step % 3])
    for step in range(6):
        (lr,) = values_of(made, "lr")
        assert type(lr) is float
        assert lr == float(kinds[step % 3])
        cycler.step()


def test_many_hyperparameters_and_groups_at_once():
    names = ["lr", "momentum", "weight_decay", "dampening", "alpha"]
    for count in range(1, len(names) + 1):
        made = sgd(3)
        for group in made.param_groups:
            group["alpha"] = 0.5
        plan = hc.Plan(
            **{name: hc.Cycle(0.1 + i, 0.2 + i, 2 + i) for i, name in enumerate(names[:count])}
            | {"momentum": hc.Cycle(0.2, 0.9, 5)}
        )
        cycler = hc.attach(made, plan)
        for step in range(15):
            for group in made.param_groups:
                assert {name: group[name] for name in plan} == plan(step)
            cycler.step()


def test_a_plan_with_units_is_resolved():
    made = sgd()
    hc.attach(made, lr=hc.Cycle(0.1, 0.5, "2ep", "30%"), steps_per_epoch=5, total_steps=40)
    with pytest.raises(ValueError, match="cannot be turned into steps without total_steps"):
        hc.attach(made, lr=hc.Cycle(0.1, 0.5, "30%"))


def test_one_cycle_is_all_there_is_to_type():
    made, reference = adamw(2), adamw(2)
    cycler = hc.attach(made, hc.one_cycle(1e-3, total_steps=20))
    torchs = torch.optim.lr_scheduler.OneCycleLR(reference, 1e-3, total_steps=20)
    for step in range(19):
        assert values_of(made, "lr") == pytest.approx(values_of(reference, "lr"), rel=1e-12)
        assert [b[0] for b in values_of(made, "betas")] == pytest.approx(
            [b[0] for b in values_of(reference, "betas")], rel=1e-12
        )
        update(made, step)
        update(reference, step)
        cycler.step()
        torchs.step()


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_trains_as_torchs_cyclic_lr_does(mode):
    made, reference = sgd(2), sgd(2, momentum=0.9)
    torchs = torch.optim.lr_scheduler.CyclicLR(
        reference, 0.1, 0.5, step_size_up=4, step_size_down=3, mode=mode, gamma=0.98
    )
    options = {"gamma": 0.98} if mode == "exp_range" else {}
    lr = getattr(hc, mode)(0.1, 0.5, 4, 3, **options)
    cycler = hc.attach(made, lr=lr, momentum=lr.opposite(0.8, 0.9))
    for step in range(40):
        assert values_of(made, "lr") == pytest.approx(values_of(reference, "lr"), rel=1e-12)
        assert values_of(made, "momentum") == pytest.approx(
            values_of(reference, "momentum"), rel=1e-12
        )
        update(made, step)
        update(reference, step)
        cycler.step()
        torchs.step()
    for ours, theirs in zip(weights(made), weights(reference), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_a_nan_that_the_user_has_put_there_is_overwritten():
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    made.param_groups[0]["lr"] = math.nan
    cycler.step()
    assert values_of(made, "lr") == [LR(1)]


# Values that go wrong later fail at their step.

RAISING = hc.Cycle(0.1, 0.5, 4, scale=hc.Exponential(1.5))


def test_a_value_that_overflows_fails_at_its_step_and_not_before():
    made = sgd(2)
    first_bad = next(s for s in range(10_000) if not _available(RAISING, s))
    assert tracks.BLOCK_STEPS > first_bad > 1000
    cycler = hc.attach(made, momentum=hc.Cycle(0.5, 0.9, 7), lr=RAISING)
    for step in range(1, first_bad):
        cycler.step()
        assert values_of(made, "lr") == [RAISING(step)] * 2
    before, state = snapshot(made), cycler.state_dict()
    for _ in range(3):
        with pytest.raises(OverflowError, match=f"at step={first_bad}; a scale that grows"):
            cycler.step()
        assert (snapshot(made), cycler.state_dict()) == (before, state)
    cycler.last_epoch = 5
    cycler.step()
    assert values_of(made, "lr") == [RAISING(6)] * 2


def _available(schedule, step):
    try:
        schedule(step)
    except OverflowError:
        return False
    return True


def test_a_value_that_leaves_what_is_accepted_fails_at_its_step():
    growing = hc.Cycle(0.5, 0.9, 4, scale=hc.Exponential(1.001), phase=0.25)
    first_bad = next(s for s in range(10_000) if growing(s) > 1.0)
    made = sgd(2)
    cycler = hc.attach(made, lr=LR, momentum=growing)
    for step in range(1, first_bad):
        cycler.step()
        assert values_of(made, "momentum") == [growing(step)] * 2
    before = snapshot(made)
    with pytest.raises(
        ValueError, match=r"momentum accepts values in \[0, 1\], its schedule gives"
    ):
        cycler.step()
    assert snapshot(made) == before
    assert cycler.last_epoch == first_bad - 1


@pytest.mark.parametrize("wrong", [math.nan, -1.0, math.inf])
def test_a_function_that_goes_wrong_fails_at_its_step(wrong):
    made = sgd(2)
    cycler = hc.attach(made, momentum=LR, lr=lambda step: wrong if step == 5 else 0.1)
    for _ in range(4):
        cycler.step()
    before = snapshot(made)
    with pytest.raises(ValueError, match=f"lr accepts values in .* gives {wrong}"):
        cycler.step()
    assert snapshot(made) == before
    assert cycler.last_epoch == 4
