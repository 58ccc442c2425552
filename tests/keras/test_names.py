"""What a name stands for, what is accepted for it, and what cannot follow a schedule."""

import keras
import numpy as np
import pytest

import hypercycle as hc

OPTIMIZERS = keras.optimizers


WAVE = hc.Cycle(0.1, 0.5, 4)


@pytest.mark.parametrize(
    ("kind", "name", "attribute"),
    [
        ("SGD", "lr", "learning_rate"),
        ("SGD", "learning_rate", "learning_rate"),
        ("SGD", "momentum", "momentum"),
        ("RMSprop", "momentum", "momentum"),
        ("Adam", "momentum", "beta_1"),
        ("AdamW", "momentum", "beta_1"),
        ("Adamax", "momentum", "beta_1"),
        ("Nadam", "momentum", "beta_1"),
        ("Adam", "beta1", "beta_1"),
        ("Adam", "beta_2", "beta_2"),
        ("Lion", "beta1", "beta_1"),
        ("Adam", "eps", "epsilon"),
        ("Adam", "weight_decay", "weight_decay"),
        ("Adam", "global_clipnorm", "global_clipnorm"),
        ("Adadelta", "rho", "rho"),
        ("Adafactor", "epsilon_2", "epsilon_2"),
    ],
)
def test_a_name_means_the_same_everywhere(kind, name, attribute):
    optimizer = hc.attach(getattr(OPTIMIZERS, kind)(), **{name: WAVE})
    assert list(optimizer._following.schedules) == [attribute]
    assert optimizer.values == {name: 0.1}


@pytest.mark.parametrize("name", ["Muon", "Lamb"])
def test_names_of_later_optimizers(name):
    if not hasattr(OPTIMIZERS, name):
        pytest.skip(f"{name} came with a later Keras")
    own = {"Muon": ("momentum", "adam_beta_1"), "Lamb": ("beta_1", "beta_1")}[name]
    optimizer = hc.attach(getattr(OPTIMIZERS, name)(), momentum=WAVE)
    assert list(optimizer._following.schedules) == [own[0]]
    optimizer = hc.attach(getattr(OPTIMIZERS, name)(), beta1=WAVE)
    assert list(optimizer._following.schedules) == [own[1]]


@pytest.mark.parametrize(
    ("kind", "name", "error", "text"),
    [
        (
            "SGD",
            "momemtum",
            ValueError,
            r"has no hyperparameter 'momemtum'; did you mean 'momentum'",
        ),
        (
            "SGD",
            "beta1",
            ValueError,
            "SGD has no hyperparameter 'beta1'; leave it out",
        ),
        ("Adam", "betas", ValueError, "Adam has no hyperparameter 'betas'; did you mean 'beta"),
        ("Lion", "momentum", ValueError, "Lion has no momentum .* use 'beta1' or 'beta2'"),
        ("SGD", "nesterov", TypeError, "nesterov of SGD is a switch"),
        ("Adam", "amsgrad", TypeError, "amsgrad of Adam is a switch"),
        ("SGD", "use_ema", TypeError, "use_ema of SGD is a switch"),
        (
            "SGD",
            "gradient_accumulation_steps",
            TypeError,
            "is a count, a whole number: it",
        ),
        (
            "SGD",
            "ema_overwrite_frequency",
            TypeError,
            "is a count, a whole number: it",
        ),
        ("SGD", "ema_momentum", ValueError, "reads ema_momentum only with use_ema=True"),
        ("SGD", "loss_scale_factor", ValueError, "is read outside of the optimizer's step"),
        ("Adagrad", "initial_accumulator_value", ValueError, "only once, when it is built"),
        ("SGD", "name", ValueError, "SGD has no hyperparameter 'name'"),
        ("Adafactor", "eps", ValueError, "Adafactor has no hyperparameter 'eps'"),
    ],
)
def test_what_cannot_cycle_is_refused_with_the_reason(kind, name, error, text):
    optimizer = getattr(OPTIMIZERS, kind)()
    before = optimizer.get_config()
    with pytest.raises(error, match=text):
        hc.attach(optimizer, **{name: WAVE})
    assert optimizer.get_config() == before


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("Adafactor", "clip_threshold", r"accepts values in \(0, inf\), its schedule gives 0.0"),
        ("Ftrl", "learning_rate", r"accepts values in \(0, inf\), its schedule gives 0.0"),
        ("ScheduleFreeAdamW", "beta_1", r"accepts values in \(0, 1\), its schedule gives 0.0"),
    ],
)
def test_zero_where_the_optimizer_divides(kind, name, text):
    if not hasattr(OPTIMIZERS, kind):
        pytest.skip(f"{kind} came with a later Keras")
    make = getattr(OPTIMIZERS, kind)
    with pytest.raises(ValueError, match=rf"\({name} of {kind}, which divides by it\) {text}"):
        hc.attach(make(), **{name: hc.Cycle(0.0, 0.5, 4)})
    # Keras itself accepts it, and this comes of it where a gradient is 0.
    variable = keras.Variable(np.ones(2, "float32"))
    optimizer = make(**{"learning_rate": 0.1, name: 0.0})
    optimizer.apply([keras.ops.zeros(2)], [variable])
    assert np.isnan(keras.ops.convert_to_numpy(variable)).all()
