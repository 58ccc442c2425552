"""Parameter groups: schedules of their own, values of their own, groups that come and go."""

import copy
import json
import linecache
import warnings

import pytest
import torch
from torch_models import LR, adamw, add_group, optimizer, sgd, snapshot, update, values_of

import hypercycle as hc
from hypercycle_torch.groups import (
    are_mentioned_by_index,
    indices_of,
    keep_values,
    labels_of,
    reason_to_leave_alone,
    schedules_by_index,
    unshare_tensors,
    values_in,
)
from hypercycle_torch.names import Hyperparameter

HEAD = hc.Cycle(0.2, 0.8, 3, waveform="hann")


@pytest.mark.parametrize("keys", [(0, 1), ("body", "head"), (0, "head"), ("0", "head")])
def test_a_schedule_for_each_group_by_index_or_name(keys):
    made = optimizer(torch.optim.SGD, {"name": "body"}, {"name": "head", "lr": 0.7}, lr=0.1)
    plan = hc.Plan(lr=hc.Groups({keys[0]: LR, keys[1]: HEAD}), momentum=0.5)
    cycler = hc.attach(made, plan)
    for step in range(20):
        assert values_of(made, "lr") == [LR(step), HEAD(step)]
        assert values_of(made, "momentum") == [0.5, 0.5]
        assert cycler.values == {"lr": {"body": LR(step), "head": HEAD(step)}, "momentum": 0.5}
        cycler.step()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_several_hyperparameters_with_schedules_for_each_group(count):
    names = ["lr", "momentum", "weight_decay", "dampening"][:count]
    made = sgd(2)
    plan = hc.Plan(
        **{
            name: hc.Groups({i: hc.Cycle(0.1, 0.2 + 0.1 * place, 3 + i) for i in range(2)})
            for place, name in enumerate(names)
        }
    )
    cycler = hc.attach(made, plan)
    for step in range(15):
        for name in names:
            assert values_of(made, name) == list(plan(step)[name].values())
        cycler.step()


def test_none_leaves_a_group_alone():
    made = optimizer(torch.optim.AdamW, {}, {"weight_decay": 0.0}, {}, weight_decay=0.1)
    cycler = hc.attach(made, weight_decay=hc.Groups({0: LR, 1: None, 2: HEAD}), lr=HEAD)
    for step in range(10):
        assert values_of(made, "weight_decay") == [LR(step), 0.0, HEAD(step)]
        assert cycler.values == {
            "weight_decay": {0: LR(step), 2: HEAD(step)},
            "lr": HEAD(step),
        }
        update(made, step)
        cycler.step()


def test_all_groups_may_be_left_alone():
    made = sgd(2)
    cycler = hc.attach(made, lr=hc.Groups({0: None, 1: None}), momentum=LR)
    cycler.step()
    assert values_of(made, "lr") == [0.1, 0.1]
    assert cycler.values == {"lr": {}, "momentum": LR(1)}
    cycler = hc.attach(made, lr=hc.Groups({0: None, 1: None}))
    cycler.step()
    assert cycler.values == {"lr": {}}


def test_members_of_tuples_and_tensors_by_group():
    made = optimizer(torch.optim.AdamW, {}, {"lr": torch.tensor(0.1)}, lr=0.5)
    tensor = made.param_groups[1]["lr"]
    plan = hc.Plan(
        lr=hc.Groups({0: LR, 1: HEAD}),
        beta1=hc.Groups({0: None, 1: HEAD}),
        beta2=hc.Groups({0: LR, 1: None}),
    )
    cycler = hc.attach(made, plan)
    for step in range(8):
        assert made.param_groups[0]["lr"] == LR(step)
        assert made.param_groups[1]["lr"] is tensor
        assert tensor.item() == torch.tensor(HEAD(step)).item()
        assert values_of(made, "betas") == [(0.9, LR(step)), (HEAD(step), 0.999)]
        cycler.step()


MISTAKES = [
    ({0: LR}, "lr: Groups does not mention group 'head'.*the optimizer's groups: 'body', 'head'"),
    ({0: LR, 1: None, 2: None}, "there is no parameter group 2; the optimizer's groups: 'body'"),
    ({0: LR, 1: None, -1: LR}, "there is no parameter group -1"),
    ({0: LR, 1: None, "tail": LR}, "there is no parameter group 'tail'"),
    ({0: LR, 1: None, "7": LR}, "there is no parameter group '7'"),
    ({0: LR, "body": LR, 1: LR}, "group 0 is given twice, by index and by name"),
    ({"body": LR, "0": LR, 1: LR}, "group 0 is given twice"),
]


@pytest.mark.parametrize(("groups", "text"), MISTAKES)
def test_groups_that_do_not_fit_are_refused(groups, text):
    made = optimizer(torch.optim.SGD, {"name": "body"}, {"name": "head"}, lr=0.1)
    before = snapshot(made)
    with pytest.raises(ValueError, match=text):
        hc.attach(made, momentum=LR, lr=hc.Groups(groups))
    assert snapshot(made) == before


def test_a_group_that_is_called_like_an_index_is_meant_by_its_name():
    made = optimizer(torch.optim.SGD, {"name": "1"}, {"name": "0"}, lr=0.1)
    hc.attach(made, lr=hc.Groups({"0": 0.5, "1": 0.25}))
    assert values_of(made, "lr") == [0.25, 0.5]
    hc.attach(made, lr=hc.Groups({0: 0.5, 1: 0.25}))
    assert values_of(made, "lr") == [0.5, 0.25]


def test_all_groups_of_a_name_are_driven():
    made = optimizer(torch.optim.SGD, {"name": "a"}, {"name": "b"}, {"name": "a"}, lr=0.1)
    cycler = hc.attach(made, lr=hc.Groups({"a": LR, "b": None}))
    cycler.step()
    assert values_of(made, "lr") == [LR(1), 0.1, LR(1)]
    assert cycler.values == {"lr": {0: LR(1), 2: LR(1)}}


def test_one_schedule_for_different_values_is_refused():
    made = optimizer(
        torch.optim.AdamW, {"name": "weights"}, {"name": "biases", "weight_decay": 0.0}
    )
    before = snapshot(made)
    with pytest.raises(
        ValueError,
        match=r"different values of weight_decay \('weights': 0.01, 'biases': 0.0\).*"
        r"weight_decay=Groups\(\{'weights': …, …\}\).*None.*relative=True",
    ):
        hc.attach(made, lr=LR, weight_decay=hc.Cycle(0.0, 0.1, 4))
    with pytest.raises(ValueError, match=r"different values of weight_decay"):
        hc.attach(made, weight_decay=0.0)
    assert snapshot(made) == before


def test_different_first_betas_are_not_flattened_either():
    made = optimizer(torch.optim.AdamW, {}, {"betas": (0.8, 0.999)})
    with pytest.raises(ValueError, match=r"different values of momentum \(0: 0.9, 1: 0.8\)"):
        hc.attach(made, momentum=LR)
    hc.attach(made, beta2=hc.Cycle(0.9, 0.99, 4))
    assert values_of(made, "betas") == [(0.9, 0.9), (0.8, 0.9)]


def test_relative_multiplies_each_groups_own_value():
    made = optimizer(torch.optim.AdamW, {"lr": 0.1}, {"lr": 0.3}, {"lr": 0.0}, weight_decay=0.2)
    shape = hc.Cycle(0.5, 2.0, 3)
    cycler = hc.attach(made, lr=shape, weight_decay=shape, relative=True)
    for step in range(10):
        assert values_of(made, "lr") == [0.1 * shape(step), 0.3 * shape(step), 0.0]
        assert values_of(made, "weight_decay") == [0.2 * shape(step)] * 3
        assert cycler.values["lr"] == {0: 0.1 * shape(step), 1: 0.3 * shape(step), 2: 0.0}
        assert cycler.values["weight_decay"] == 0.2 * shape(step)
        cycler.step()


def test_relative_with_groups_and_tensors():
    made = optimizer(torch.optim.SGD, {"lr": 0.1}, {"lr": torch.tensor(0.25)}, {"lr": 0.3}, lr=1.0)
    cycler = hc.attach(made, lr=hc.Groups({0: LR, 1: HEAD, 2: None}), relative=True)
    for step in range(10):
        assert [float(lr) for lr in values_of(made, "lr")] == [
            0.1 * LR(step),
            torch.tensor(0.25 * HEAD(step)).item(),
            0.3,
        ]
        cycler.step()


# Groups that come and go.


@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_a_group_with_the_default_value_joins(advance):
    made = sgd(1, lr=0.1)
    cycler = hc.attach(made, lr=LR, advance=advance)
    step = 0
    for own in ({}, {"lr": 0.1}):
        add_group(made, **own)
        update(made)
        cycler.step()
        step += 1
        assert values_of(made, "lr") == [LR(step)] * len(made.param_groups)
    for _ in range(5000):
        if advance == "optimizer":
            made.step()
        cycler.step()
        step += 1
    assert values_of(made, "lr") == [LR(step)] * 3


def test_a_group_with_a_value_of_its_own_is_left_alone():
    made = sgd(1, lr=0.1)
    cycler = hc.attach(made, lr=LR, momentum=HEAD)
    add_group(made, lr=0.77, name="late")
    with pytest.warns(
        UserWarning,
        match="group 'late' was added and is left alone: it has its own lr=0.77; attach again",
    ):
        cycler.step()
    for step in range(1, 10):
        assert values_of(made, "lr") == [LR(step), 0.77]
        assert values_of(made, "momentum") == [HEAD(step), 0]
        cycler.step()
    add_group(made)
    cycler.step()
    assert values_of(made, "lr") == [LR(11), 0.77, LR(11)]
    assert cycler.values == {"lr": LR(11), "momentum": HEAD(11)}


def test_a_group_that_groups_do_not_name_is_left_alone():
    made = optimizer(torch.optim.SGD, {"name": "a"}, {"name": "b"}, lr=0.1)
    cycler = hc.attach(made, lr=hc.Groups({"a": LR, "b": HEAD}))
    add_group(made, name="c")
    with pytest.warns(
        UserWarning, match="group 'c' was added and is left alone: Groups of lr does"
    ):
        cycler.step()
    add_group(made, name="a", lr=5.0)
    cycler.step()
    assert values_of(made, "lr") == [LR(2), HEAD(2), 0.1, LR(2)]


@pytest.mark.parametrize("advance", ["step", "optimizer"])
@pytest.mark.parametrize("lr", [LR, hc.Groups({0: LR})], ids=["shared", "groups"])
def test_the_warning_is_of_the_users_line(advance, lr):
    made = sgd(1, lr=0.1)
    cycler = hc.attach(made, lr=lr, advance=advance)
    add_group(made, lr=0.77)
    move_on = made.step if advance == "optimizer" else cycler.step  # whose hook calls us, or we
    with pytest.warns(UserWarning, match="left alone") as told:
        move_on()
    (warning,) = told
    assert "move_on()" in linecache.getline(warning.filename, warning.lineno)


def test_the_own_value_of_a_group_that_comes_later_is_multiplied():
    made = sgd(1, lr=0.1)
    cycler = hc.attach(made, lr=HEAD, relative=True)
    cycler.step()
    add_group(made, lr=0.7)
    add_group(made)
    cycler.step()
    assert values_of(made, "lr") == [0.1 * HEAD(2), 0.7 * HEAD(2), 0.1 * HEAD(2)]
    assert cycler.values == {"lr": dict(enumerate(values_of(made, "lr")))}
    assert initial_in(cycler) == {"lr": [0.1, 0.7, 0.1]}


def test_removed_groups_are_no_longer_driven():
    made = sgd(3)
    cycler = hc.attach(made, lr=LR, momentum=HEAD)
    gone = made.param_groups.pop(1)
    cycler.step()
    assert values_of(made, "lr") == [LR(1)] * 2
    assert gone["lr"] == LR(0)
    add_group(made)
    cycler.step()
    assert values_of(made, "lr") == [LR(2)] * 3


def test_removed_groups_with_names():
    made = optimizer(torch.optim.SGD, {"name": "a"}, {"name": "b"}, {"name": "c"}, lr=0.1)
    cycler = hc.attach(made, lr=hc.Groups({"a": 0.5, "b": LR, "c": HEAD}))
    del made.param_groups[0]
    cycler.step()
    assert values_of(made, "lr") == [LR(1), HEAD(1)]
    assert cycler.values == {"lr": {"b": LR(1), "c": HEAD(1)}}


BY_INDEX = hc.Groups({0: LR, 1: HEAD, 2: 0.5})
NAMED_APART = hc.Groups({"a": LR, "b": HEAD, "c": 0.5})


def reverse(groups):
    groups.reverse()


def swap(groups):
    groups[0], groups[2] = groups[2], groups[0]


def insert(groups):
    groups.insert(0, {**groups[0], "params": [torch.nn.Parameter(torch.zeros(2))], "name": "d"})


def remove_the_first(groups):
    del groups[0]


def remove_the_last(groups):
    groups.pop()


def put_another_in_place(groups):
    groups[1] = {**groups[1], "params": [torch.nn.Parameter(torch.zeros(2))], "name": "d"}


MOVES = [reverse, swap, insert, remove_the_first, remove_the_last, put_another_in_place]


@pytest.mark.parametrize("move", MOVES)
def test_groups_counted_by_index_that_are_no_longer_where_they_were_are_an_error(move):
    made = sgd(3)
    cycler = hc.attach(made, lr=BY_INDEX)
    move(made.param_groups)
    before, state = snapshot(made), cycler.state_dict()
    for _ in range(2):
        with pytest.raises(ValueError, match=r"no longer clear.* attach again") as caught:
            cycler.step()
        assert f"(there were 3, now there are {len(made.param_groups)})" in str(caught.value)
    assert (snapshot(made), cycler.state_dict()) == (before, state)


def three_named(kind=torch.optim.SGD, **defaults):
    named = ({"name": name, "lr": lr} for name, lr in (("a", 1.0), ("b", 0.1), ("c", 0.01)))
    return optimizer(kind, *named, **defaults)


def initial_in(cycler):
    return json.loads(cycler.state_dict()["initial"])


def by_name(made, key="lr"):
    return {group["name"]: float(group[key]) for group in made.param_groups}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_schedules_of_named_groups_go_with_their_groups(advance, move):
    made = three_named()
    cycler = hc.attach(made, lr=NAMED_APART, momentum=NAMED_APART, advance=advance)
    update(made)
    cycler.step()
    move(made.param_groups)
    added = by_name(made).get("d")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        update(made)
        cycler.step()
    expected = {"a": LR(2), "b": HEAD(2), "c": 0.5, "d": added}
    assert by_name(made) == {name: expected[name] for name in by_name(made)}
    assert by_name(made, "momentum") == {name: expected[name] for name in by_name(made)} | (
        {} if added is None else {"d": by_name(made, "momentum")["d"]}
    )
    assert cycler.values["lr"] == {
        name: value for name, value in by_name(made).items() if name != "d"
    }
    assert ["'d' was added and is left alone" in str(one.message) for one in told] == (
        [] if added is None else [True]
    )


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("plan", [{"lr": LR}, {"lr": NAMED_APART}], ids=["shared", "by name"])
def test_initial_values_go_with_their_groups(plan, move):
    made = three_named()
    cycler = hc.attach(made, plan, relative=True)
    factors = {"a": LR(1), "b": LR(1), "c": LR(1)}
    if isinstance(plan["lr"], hc.Groups):
        factors = {"a": LR(1), "b": HEAD(1), "c": 0.5}
    initial = {"a": 1.0, "b": 0.1, "c": 0.01}
    move(made.param_groups)
    added = by_name(made).get("d")
    assert initial_in(cycler)["lr"] == [initial[name] for name in by_name(made) if name != "d"]
    if added is not None and isinstance(plan["lr"], hc.Groups):
        with pytest.warns(UserWarning, match="left alone: Groups of lr does not mention it"):
            cycler.step()
        factors["d"], initial["d"] = 1.0, added
    else:
        cycler.step()
        factors["d"], initial["d"] = LR(1), added
    assert by_name(made) == {name: factors[name] * initial[name] for name in by_name(made)}
    assert initial_in(cycler)["lr"] == [initial[name] for name in by_name(made)]


def test_a_state_is_loaded_into_the_groups_that_there_are_now():
    made = three_named()
    cycler = hc.attach(made, lr=NAMED_APART)
    add_group(made, lr=0.7, name="d")
    made.param_groups.reverse()
    with pytest.warns(UserWarning, match="'d' was added and is left alone"):
        cycler.load_state_dict(cycler.state_dict() | {"step": 3})
    assert by_name(made) == {"a": LR(3), "b": HEAD(3), "c": 0.5, "d": 0.7}


def test_groups_that_come_back_from_a_state_are_the_same():
    made = three_named()
    cycler = hc.attach(made, lr=LR, relative=True)
    made.load_state_dict(copy.deepcopy(made.state_dict()))
    cycler.step()
    assert by_name(made) == {"a": LR(1), "b": 0.1 * LR(1), "c": 0.01 * LR(1)}


def test_groups_with_tensors_are_told_apart_too():
    made = three_named(torch.optim.Adam, lr=torch.tensor(0.1))
    cycler = hc.attach(made, lr=NAMED_APART)
    made.param_groups.reverse()
    cycler.step()
    assert by_name(made) == {"a": LR(1), "b": HEAD(1), "c": 0.5}


def test_a_group_that_is_left_alone_stays_so_wherever_it_is():
    made = sgd(2)
    cycler = hc.attach(made, lr=LR)
    add_group(made, lr=0.7)
    with pytest.warns(UserWarning, match="left alone"):
        cycler.step()
    made.param_groups.reverse()
    del made.param_groups[1]
    cycler.step()
    assert values_of(made, "lr") == [0.7, LR(2)]


def test_a_failure_to_follow_changes_nothing():
    made = sgd(1)
    cycler = hc.attach(made, lr=LR, relative=True)
    add_group(made, lr=0.3)
    del made.param_groups[1]["lr"]
    state = cycler.state_dict()
    for _ in range(2):
        with pytest.raises(ValueError, match="parameter group 1 has no lr"):
            cycler.step()
        assert cycler.state_dict() == state
    made.param_groups[1]["lr"] = 0.3
    cycler.step()
    assert values_of(made, "lr") == [0.1 * LR(1), 0.3 * LR(1)]
    assert initial_in(cycler) == {"lr": [0.1, 0.3]}


def test_what_a_failure_took_for_a_group_of_its_own_may_still_join():
    made = sgd(1, lr=0.1)
    cycler = hc.attach(made, lr=LR, momentum=HEAD)
    add_group(made, lr=0.7)
    add_group(made)
    del made.param_groups[2]["momentum"]
    with pytest.warns(UserWarning, match="left alone"), pytest.raises(ValueError, match="momentum"):
        cycler.step()
    made.param_groups[1]["lr"] = 0.1
    made.param_groups[2]["momentum"] = 0.0
    cycler.step()
    assert values_of(made, "lr") == [LR(1)] * 3


def test_groups_that_share_the_default_tensor_are_parted_when_they_join():
    made = optimizer(torch.optim.SGD, {}, lr=torch.tensor(0.1))
    cycler = hc.attach(made, lr=LR)
    add_group(made)
    cycler.step()
    first, second = values_of(made, "lr")
    assert first is not second
    assert [first.item(), second.item()] == [torch.tensor(LR(1)).item()] * 2


def test_the_list_of_groups_may_be_replaced():
    made = sgd(2)
    cycler = hc.attach(made, lr=LR)
    made.param_groups = [copy.copy(group) for group in made.param_groups]
    cycler.step()
    assert values_of(made, "lr") == [LR(1)] * 2
    made.param_groups = made.param_groups[:1]
    cycler.step()
    assert values_of(made, "lr") == [LR(2)]


def test_groups_may_grow_and_shrink_in_any_order():
    made = sgd(1)
    cycler = hc.attach(made, lr=LR, momentum=hc.Cycle(0.5, 0.9, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for step in range(1, 60):
            if step % 3 == 0:
                add_group(made)
            if step % 5 == 0 and len(made.param_groups) > 1:
                del made.param_groups[step % len(made.param_groups)]
            cycler.step()
            assert values_of(made, "lr") == [LR(step)] * len(made.param_groups)


def test_a_hundred_groups_with_schedules_of_their_own():
    made = sgd(100)
    shapes = {i: hc.Cycle(0.001 * (i + 1), 0.01 * (i + 1), 5) for i in range(100)}
    cycler = hc.attach(made, lr=hc.Groups(shapes), momentum=LR)
    for step in range(300):
        assert values_of(made, "lr") == [shapes[i](step) for i in range(100)]
        cycler.step()


def test_adamw_without_decay_on_biases_as_people_write_it():
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.LayerNorm(3))
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    made = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], lr=1e-3
    )
    with pytest.raises(ValueError, match="different values of weight_decay"):
        hc.attach(made, weight_decay=hc.Cycle(0.01, 0.1, 10))
    cycler = hc.attach(made, weight_decay=hc.Cycle(0.5, 2.0, 10), lr=1.0, relative=True)
    cycler.step()
    assert values_of(made, "weight_decay") == [0.1 * hc.Cycle(0.5, 2.0, 10)(1), 0.0]
    assert adamw().param_groups[0]["weight_decay"] == 0.01


# The functions, one by one.

NAMED = [{"name": "a"}, {"name": "b"}, {"name": "b"}, {}, {"name": "0"}]


def test_labels_and_keys():
    assert labels_of(NAMED) == ["a", 1, 2, 3, "0"]
    keys = ["a", "b", "c", 0, 3, 5, -1, "3", "0", "5"]
    found = [[0], [1, 2], [], [0], [3], [], [], [3], [4], []]
    assert indices_of(NAMED, keys) == dict(zip(keys, found, strict=True))


def test_schedules_by_index():
    one = hc.Groups({1: HEAD, 0: None, "b": LR})
    groups = [{}, {}, {"name": "b"}]
    assert schedules_by_index(groups, "lr", LR) == {0: LR, 1: LR, 2: LR}
    assert schedules_by_index(groups, "lr", LR, {0, 1}) == {2: LR}
    assert list(schedules_by_index(groups, "lr", one).items()) == [(1, HEAD), (2, LR)]
    assert schedules_by_index(groups[:2], "lr", one, may_be_gone=True) == {1: HEAD}
    with pytest.raises(ValueError, match="there is no parameter group 'b'"):
        schedules_by_index(groups[:2], "lr", one)
    with pytest.raises(ValueError, match="does not mention group 3: give it a schedule, or None"):
        schedules_by_index([*groups, {}], "lr", one)
    # What is left alone need not be mentioned, but may be.
    assert schedules_by_index([*groups, {}], "lr", one, {1, 3}) == {1: HEAD, 2: LR}


def test_values_in_groups():
    made = optimizer(torch.optim.SGD, {"lr": 0.1}, {"lr": torch.tensor(0.5)}, {"lr": 1})
    assert values_in(made, Hyperparameter("lr")) == [0.1, 0.5, 1.0]
    assert values_in(made, Hyperparameter("lr"), (2, 0)) == [1.0, 0.1]
    with pytest.raises(TypeError, match=r"nesterov of SGD is a switch \(False\)"):
        values_in(made, Hyperparameter("nesterov"))


def test_reasons_to_leave_a_group_alone():
    made = optimizer(torch.optim.SGD, {}, {"lr": 0.7}, {"name": "c"}, lr=0.1)
    shared, grouped = hc.Plan(lr=LR), hc.Plan(lr=hc.Groups({0: LR, "c": None}))

    def reasons(plan, *, relative=()):
        beside = made.param_groups[0]
        return [
            reason_to_leave_alone(made, i, plan, beside=beside, relative=relative) for i in range(3)
        ]

    assert reasons(shared) == [None, "it has its own lr=0.7", None]
    assert reasons(shared, relative=["lr"]) == [None] * 3
    assert reasons(grouped) == [None, "Groups of lr does not mention it", None]
    made.param_groups[0]["lr"] = 0.7  # driven there by now: as good as the default
    assert reasons(shared) == [None] * 3


def test_who_counts_the_groups():
    assert are_mentioned_by_index(hc.Plan(lr=hc.Groups({"a": LR, 1: None})))
    assert are_mentioned_by_index(hc.Plan(lr=0.1, momentum=hc.Groups({"0": LR})))
    assert not are_mentioned_by_index(hc.Plan(lr=hc.Groups({"a": LR}), momentum=LR))


def test_shared_tensors_are_parted_and_others_stay():
    one, other = torch.tensor(0.1), torch.tensor(0.2)
    groups = [{"lr": one}, {"lr": other}, {"lr": one}, {"lr": 0.3}, {}, {"lr": other}]
    unshare_tensors(groups, Hyperparameter("lr"))
    assert groups[0]["lr"] is one
    assert groups[1]["lr"] is other
    assert len({id(group["lr"]) for group in groups if "lr" in group}) == 5
    assert [float(g["lr"]) for g in groups if "lr" in g] == pytest.approx([0.1, 0.2, 0.1, 0.3, 0.2])


def test_kept_values_come_back_as_the_objects_that_they_were():
    beta, rate, shared = torch.tensor(0.9), torch.tensor(0.1), (0.9, 0.99)
    groups = [{"lr": 1, "betas": (beta, 0.99)}, {"lr": rate, "betas": shared}, {"lr": rate}]
    groups = [group | {"params": []} for group in groups]
    before = [dict(group) for group in groups]
    cycler = hc.attach(sgd(), lr=LR)
    cycler.optimizer.param_groups = groups
    put_back = keep_values(cycler, ["lr", "betas"])
    unshare_tensors(groups, Hyperparameter("lr"))
    for group in groups:
        Hyperparameter("lr").write(group, 7.0)
        if "betas" in group:
            Hyperparameter("betas", 0).write(group, 0.5)
    put_back()
    assert all(now[key] is old[key] for now, old in zip(groups, before, strict=True) for key in old)
    assert [float(beta), float(rate)] == pytest.approx([0.9, 0.1])


# Relative in some names alone.


def test_only_the_names_that_are_relative_multiply():
    made = three_named(momentum=0.5)
    plan = hc.one_cycle(1.0, 40)
    cycler = hc.attach(made, plan, relative="lr")
    for step in range(20):
        assert by_name(made) == {
            name: plan["lr"](step) * own for name, own in (("a", 1.0), ("b", 0.1), ("c", 0.01))
        }
        assert values_of(made, "momentum") == [plan["momentum"](step)] * 3
        cycler.step()
    assert initial_in(cycler) == {"lr": [1.0, 0.1, 0.01]}
    other = three_named(momentum=0.5)
    again = hc.attach(other, plan, relative=["lr"])
    again.load_state_dict(cycler.state_dict())
    assert (by_name(other), values_of(other, "momentum")) == (
        by_name(made),
        values_of(made, "momentum"),
    )
    for options in ({}, {"relative": True}, {"relative": "momentum"}):
        wrong = hc.attach(sgd(momentum=0.5), plan, **options)
        with pytest.raises(
            ValueError, match=r"was saved as relative in lr and is now (abs|relati)"
        ):
            wrong.load_state_dict(cycler.state_dict())


def test_a_group_that_comes_later_is_relative_in_these_names():
    made = sgd(momentum=0.0)
    cycler = hc.attach(made, lr=LR, momentum=HEAD, relative={"lr"})
    add_group(made, lr=0.7)
    add_group(made, momentum=0.3)
    with pytest.warns(UserWarning, match="group 2 was added and is left alone: it has its own mom"):
        cycler.step()
    assert values_of(made, "lr") == [0.1 * LR(1), 0.7 * LR(1), 0.1]
    assert values_of(made, "momentum") == [HEAD(1), HEAD(1), 0.3]


def test_what_would_stay_0_for_ever_is_refused():
    made = sgd(2, momentum=0.0)
    before = snapshot(made)
    with pytest.raises(
        ValueError, match="multiplies momentum, whose present value is 0, so it wou"
    ):
        hc.attach(made, hc.one_cycle(1.0, 40), relative=True)
    with pytest.raises(ValueError, match="relative names 'rate', but the plan has lr, momentum"):
        hc.attach(made, hc.one_cycle(1.0, 40), relative=["lr", "rate"])
    assert snapshot(made) == before
    made.param_groups[1]["momentum"] = 0.5
    hc.attach(made, hc.one_cycle(1.0, 40), relative=True)
    assert values_of(made, "momentum") == [0.0, 0.5 * 0.95]
