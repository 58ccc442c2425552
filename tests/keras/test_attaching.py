"""What attach does with objects of Keras's, and which of its options it honours."""

import re
import subprocess
import sys

import keras
import pytest
from keras_models import LR, make_model

import hypercycle as hc
from hypercycle_keras import cycled

WAVE = hc.Cycle(0.1, 0.5, 4)


class TestOtherObjects:
    def test_a_model(self):
        with pytest.raises(TypeError, match=r"pass the optimizer, not the model: model.compile"):
            hc.attach(make_model(), lr=LR)

    def test_a_layer(self):
        with pytest.raises(TypeError, match="assigned to a Dropout is frozen into the compiled"):
            hc.attach(keras.layers.Dropout(0.5), rate=WAVE)

    def test_keras_2(self):
        # A stand-in: tf_keras needs a TensorFlow of its own.
        old = type("SGD", (), {"__module__": "tf_keras.src.optimizers.sgd"})()
        with pytest.raises(
            TypeError, match=r"this SGD is of Keras 2 .*: hypercycle drives Keras 3"
        ):
            hc.attach(old, lr=LR)


@pytest.mark.parametrize(
    ("option", "shown", "reason"),
    [
        (
            {"advance": "optimizer"},
            "advance='optimizer'",
            "it counts its own updates, and has no step() to call",
        ),
        ({"on_mismatch": "saved"}, "on_mismatch='saved'", "its plan is saved in its config, and"),
        (
            {"on_event": print},
            "on_event=<built-in function print>",
            "a compiled step cannot call a function; give hypercycle_keras.CycleHistory(on_event",
        ),
        (
            {"events_of": "lr"},
            "events_of='lr'",
            "a compiled step cannot call a function; give hypercycle_keras.CycleHistory(",
        ),
    ],
    ids=str,
)
def test_options_that_a_compiled_step_cannot_honour(option, shown, reason):
    text = f"attach() does not take {shown} for a Keras optimizer: {reason}"
    with pytest.raises(ValueError, match=re.escape(text)):
        hc.attach(keras.optimizers.SGD(), lr=LR, **option)


def test_options_that_it_honours():
    optimizer = hc.attach(
        keras.optimizers.SGD(0.5), lr=WAVE, start_step=4, relative=True, total_steps=9
    )
    assert optimizer.values == {"lr": 0.25}
    assert optimizer.plan_step == 4


@pytest.mark.parametrize("wrap", [lambda inner: inner, keras.optimizers.LossScaleOptimizer])
def test_what_it_returns_answers_to_the_same_words_as_every_cycler(wrap):
    optimizer = hc.attach(wrap(keras.optimizers.SGD()), lr=WAVE, start_step=4)
    assert optimizer.plan == hc.Plan(lr=WAVE)
    assert optimizer.plan_step == 4
    assert optimizer.values == {"lr": 0.5}


def test_driving_an_optimizer_imports_the_keras_adapter_alone():
    program = (
        "import sys, keras, hypercycle as hc\n"
        "assert not any(name.startswith('hypercycle_') for name in sys.modules)\n"
        "hc.attach(keras.optimizers.SGD(), lr=hc.Cycle(0.1, 0.5, 4))\n"
        "found = {name.partition('.')[0] for name in sys.modules if 'hypercycle_' in name}\n"
        "assert found == {'hypercycle_keras'}, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_plan_that_another_framework_drives_does_not_import_keras():
    program = (
        "import sys, hypercycle as hc\n"
        "try:\n    hc.attach(object(), lr=hc.Cycle(0.1, 0.5, 4))\n"
        "except TypeError:\n    pass\n"
        "assert 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_plan_in_samples_needs_to_know_what_a_batch_holds():
    plan = {"lr": hc.Cycle(0.1, 0.5, "4ksamples"), "momentum": hc.Ramp(0.9, 0.95, "50%")}
    total = {"total_steps": "80ksamples"}
    message = (
        "attach() does not take clock='samples' for a Keras optimizer: its updates are counted, "
        "and the plan's lengths are in samples: give samples_per_step=…, how many there are in"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        hc.attach(keras.optimizers.SGD(0.1, momentum=0.9), plan, **total)
    with pytest.raises(
        ValueError, match="the plan's lengths are in samples: give samples_per_step"
    ):
        cycled(keras.optimizers.SGD(0.1, momentum=0.9), plan, **total)
    for make in (hc.attach, cycled):
        made = make(keras.optimizers.SGD(0.1, momentum=0.9), plan, samples_per_step=40, **total)
        assert made.plan["lr"] == hc.Cycle(0.1, 0.5, 100)
        assert made.plan["momentum"] == hc.Ramp(0.9, 0.95, 1000)
