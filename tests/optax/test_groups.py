"""Groups are labels, which share one count."""

import jax
import optax
import pytest
from optax_training import ADAMW, DECAY, LR, MOMENTUM, PARAMS, assert_same, by_hand, train

import hypercycle as hc
from hypercycle_optax import cycled
from hypercycle_optax.groups import by_label, labels_of

LABELS = {"w": "weights", "b": "biases"}
GROUPS = hc.Plan(
    lr=hc.Groups({"weights": LR, "biases": hc.Cycle(0.01, 0.02, 3)}),
    weight_decay=hc.Groups({"weights": DECAY, "biases": None}),
    momentum=MOMENTUM,
)


@pytest.mark.parametrize("labels", [LABELS, lambda params: dict.fromkeys(params, 0) and LABELS])
def test_groups_by_label_share_one_count(labels):
    ours, state = train(cycled(optax.adamw, GROUPS, param_labels=labels), 12)
    weights = hc.Plan(lr=LR, weight_decay=DECAY, momentum=MOMENTUM)
    biases = hc.Plan(lr=hc.Cycle(0.01, 0.02, 3), momentum=MOMENTUM)
    only_w, only_b = {"w": PARAMS["w"]}, {"b": PARAMS["b"]}
    assert_same({"w": ours["w"]}, by_hand(optax.adamw, ADAMW, weights, 12, only_w)[0])
    assert_same({"b": ours["b"]}, by_hand(optax.adamw, ADAMW, biases, 12, only_b)[0])
    adams = optax.partition({k: optax.adamw(0.1) for k in ("weights", "biases")}, LABELS)
    theirs = len(jax.tree.leaves(adams.init(PARAMS)))
    assert len(jax.tree.leaves(state)) == theirs + 1


def test_a_label_that_no_parameter_has_is_allowed_and_one_without_groups_is_not():
    groups = hc.Groups({"weights": LR, "biases": LR, "norms": LR})
    train(cycled(optax.sgd, {"lr": groups}, param_labels=LABELS), 2)
    for labels in (LABELS, lambda _: LABELS):
        made = cycled(optax.sgd, {"lr": hc.Groups({"weights": LR})}, param_labels=labels)
        with pytest.raises(
            ValueError,
            match=r"labels 'biases', 'weights', but the plan's Groups are for 'weights': .* not as",
        ):
            made.init(PARAMS)


def test_a_label_cannot_be_left_at_a_default_that_there_is_not():
    groups = hc.Groups({"weights": LR, "biases": None})
    with pytest.raises(
        ValueError,
        match=r"lr: adamw has no default for learning_rate that label 'biases' could be left at: "
        r".* optax\.set_to_zero\(\)",
    ):
        cycled(optax.adamw, {"lr": groups}, param_labels=LABELS)


def test_groups_need_labels_and_name_the_same_ones():
    with pytest.raises(ValueError, match=r"lr, weight_decay: Groups need the labels.*param_labels"):
        hc.attach(optax.adamw, GROUPS)
    plan = {"lr": hc.Groups({"a": LR, "b": LR}), "weight_decay": hc.Groups({"a": DECAY})}
    with pytest.raises(ValueError, match=r"weight_decay: Groups does not mention label 'b': give"):
        cycled(optax.adamw, plan, param_labels=LABELS)


def test_labels_without_groups_are_refused():
    with pytest.raises(ValueError, match="param_labels are for plans with Groups"):
        cycled(optax.adamw, {"lr": LR}, param_labels=LABELS)


def test_labels_are_those_of_all_groups_in_their_order():
    assert labels_of(GROUPS, LABELS, "sgd") == ("weights", "biases")
    assert labels_of(hc.Plan(lr=LR), None, "sgd") == (None,)
    assert by_label(LR, ("a", "b")) == {"a": LR, "b": LR}
    assert by_label(GROUPS["lr"], ("weights", "biases")) == GROUPS["lr"]
