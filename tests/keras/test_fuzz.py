"""Configs of cycled optimizers that somebody changed: refused with a reason, or as good as any."""

import keras
import mutations
import pytest
import strategies
from hypothesis import example, given
from hypothesis import strategies as st
from mutations import CYCLE, RAMP

import hypercycle as hc

NAMES = ["lr", "momentum", "rho", "nesterov", "name", "ema_momentum", "clipnorm", "use_ema", 1]
PLACES = ["plan", "offset", "total_steps"]
OPTIMIZERS = {
    "SGD": {"lr": CYCLE, "momentum": hc.Chain((RAMP, 2), hc.Cycle(0.8, 0.9, 4))},
    "Adam": {"lr": hc.Groups({".*kernel": CYCLE, ".*": None}), "beta1": 0.8},
    "AdamW": {"weight_decay": hc.Product(0.01, RAMP), "clipnorm": 1.0},
    "RMSprop": {"rho": hc.Cycle(0.8, 0.9, 4), "lr": 0.1},
}


def config_of(kind):
    optimizer = hc.attach(getattr(keras.optimizers, kind)(0.1), OPTIMIZERS[kind], start_step=5)
    return type(optimizer), optimizer.get_config()


@st.composite
def changed_configs(draw):
    kind = draw(st.sampled_from(sorted(OPTIMIZERS)))
    cycled_class, config = config_of(kind)
    keys = st.sampled_from([*mutations.KEYS, *NAMES, *PLACES])
    values = mutations.odd((1,), b"x", {1: 2}, {"groups": {"(": 1}})
    saved = mutations.mutated(config["hypercycle"], values=values, keys=keys)
    return kind, cycled_class, config | {"hypercycle": draw(saved)}


def nearly(**changed):
    cycled_class, config = config_of("Adam")
    return "Adam", cycled_class, config | {"hypercycle": config["hypercycle"] | changed}


@strategies.examples(150)
@given(changed_configs())
@example(nearly(plan={"lr": -1.0}))
@example(nearly(plan={"beta1": 2.0}))
@example(nearly(plan={"lr": {"kind": "groups", "groups": {"(": 1}}}))
@example(nearly(offset=10**30))
@pytest.mark.filterwarnings("ignore:.*overflow:RuntimeWarning")
def test_a_changed_config_is_refused_or_what_attach_makes(drawn):
    kind, cycled_class, config = drawn
    try:
        optimizer = cycled_class.from_config(config)
    except (ValueError, TypeError, OverflowError):
        return
    saved = config["hypercycle"]
    plain = getattr(keras.optimizers, kind)(0.1)
    start = max(saved["offset"], 0)
    again = hc.attach(plain, optimizer.plan, start_step=start, total_steps=saved["total_steps"])
    assert again.values == optimizer.values
