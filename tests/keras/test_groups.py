"""Different values for different variables, inside one optimizer."""

import functools

import keras
import numpy as np
import pytest
from keras_models import LR, X, Y, assert_same, make_model, train

import hypercycle as hc

RATE = hc.Cycle(0.01, 0.1, 5)
DECAY = hc.Cycle(1e-3, 1e-1, 3, waveform="hann")
OPTIMIZERS = keras.optimizers


def by_two_optimizers(make, plans, names, accumulate=1):
    """Train with an optimizer for each plan: the first layer's variables, the second's."""
    model = make_model()
    parts = [model.layers[0].trainable_variables, model.layers[1].trainable_variables]
    optimizers = [make() for _ in parts]
    for optimizer, part in zip(optimizers, parts, strict=True):
        optimizer.build(part)
    loss = keras.losses.MeanSquaredError()
    for batch in range(2 * len(X) // 8):
        rows = slice(8 * (batch % 12), 8 * (batch % 12) + 8)
        grads = gradients(model, loss, X[rows], Y[rows])
        start = 0
        for optimizer, part, plan in zip(optimizers, parts, plans, strict=True):
            for name, value in plan(batch // accumulate).items():
                setattr(optimizer, names.get(name, name), value)
            optimizer.apply(grads[start : start + len(part)], part)
            start += len(part)
    return model


def gradients(model, loss, x, y):
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(y, model(x))
        return tape.gradient(value, model.trainable_variables)
    if backend == "torch":
        model.zero_grad()
        loss(y, model(x)).backward()
        return [one.value.grad for one in model.trainable_variables]
    trainable = [one.value for one in model.trainable_variables]
    return _jax_gradients(model, loss)(trainable, x, y)


@functools.cache
def _jax_gradients(model, loss):
    import jax

    return jax.jit(
        jax.grad(lambda trainable, x, y: loss(y, model.stateless_call(trainable, [], x)[0]))
    )


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize(
    ("make", "moved"),
    [
        (lambda **more: OPTIMIZERS.SGD(0.01, momentum=0.9, weight_decay=1e-3, **more), "momentum"),
        (lambda **more: OPTIMIZERS.AdamW(0.01, epsilon=1e-3, **more), "beta1"),
        (lambda **more: OPTIMIZERS.RMSprop(0.01, epsilon=1e-3, weight_decay=1e-3, **more), "rho"),
        (lambda **more: OPTIMIZERS.Adadelta(0.01, weight_decay=1e-3, **more), "rho"),
    ],
    ids=["SGD", "AdamW", "RMSprop", "Adadelta"],
)
def test_each_group_is_an_optimizer_of_its_own(make, moved, accumulate):
    more = {} if accumulate == 1 else {"gradient_accumulation_steps": accumulate}
    beta = hc.Cycle(0.5, 0.9, 4)
    plans = [
        hc.Plan(lr=RATE, weight_decay=DECAY, **{moved: beta}),
        hc.Plan(lr=0.02, weight_decay=DECAY, **{moved: 0.7}),
    ]
    plan = hc.Plan(
        lr=hc.Groups({".*first/.*": RATE, ".*second/.*": 0.02}),
        weight_decay=DECAY,
        **{moved: hc.Groups({".*first/.*": beta, ".*": 0.7})},
    )
    names = {"lr": "learning_rate", "beta1": "beta_1"}
    expected = by_two_optimizers(lambda: make(**more), plans, names, accumulate)
    optimizer = hc.attach(make(**more), plan)
    assert_same(train(optimizer), expected, rtol=1e-4, atol=5e-6)
    if moved == "momentum":
        eager = train(hc.attach(make(**more), plan), compiled={"run_eagerly": True})
        assert_same(eager, expected, rtol=1e-5, atol=1e-6)
    assert optimizer.values["lr"] == {
        ".*first/.*": RATE(24 // accumulate),
        ".*second/.*": 0.02,
    }


def test_none_leaves_variables_with_the_optimizers_own_values():
    names = {"lr": "learning_rate"}
    plan = hc.Plan(
        lr=hc.Groups({".*first/.*": RATE, ".*": None}),
        momentum=hc.Groups({".*first/.*": 0.8, ".*": None}),
        weight_decay=hc.Groups({".*first/.*": DECAY, ".*": None}),
    )
    plans = [
        hc.Plan(lr=RATE, momentum=0.8, weight_decay=DECAY),
        hc.Plan(lr=0.03),
    ]
    made = iter([OPTIMIZERS.SGD(0.03, momentum=0.9), OPTIMIZERS.SGD(0.03)])
    expected = by_two_optimizers(lambda: next(made), plans, names)
    optimizer = hc.attach(OPTIMIZERS.SGD(0.03), plan)
    assert_same(train(optimizer), expected)
    assert float(optimizer.learning_rate) == pytest.approx(0.03)


def test_the_first_pattern_that_matches_counts():
    decay = hc.Groups({"model/first/bias": None, ".*kernel": 0.1, "model/first/.*": 0.2, ".*": 0.3})
    optimizer = hc.attach(OPTIMIZERS.SGD(0.1), weight_decay=decay)
    with pytest.raises(ValueError, match=r"'model/first/\.\*' matches no variable that an earlier"):
        optimizer.build(make_model().trainable_variables)


class TestRefused:
    def test_variables_that_no_pattern_matches(self):
        optimizer = hc.attach(OPTIMIZERS.SGD(0.1), lr=hc.Groups({".*first/.*": LR}))
        model = make_model()
        before = [one.numpy() for one in model.trainable_variables]
        with pytest.raises(
            ValueError, match=r"learning_rate: Groups does not mention model/second/kernel, model"
        ):
            train(optimizer, model=model)
        for one, other in zip(model.trainable_variables, before, strict=True):
            np.testing.assert_array_equal(one.numpy(), other)

    def test_part_of_a_path_does_not_match(self):
        optimizer = hc.attach(OPTIMIZERS.SGD(0.1), lr=hc.Groups({"first": LR, ".*": None}))
        with pytest.raises(ValueError, match=r"'first' matches no variable .* model/first/kernel"):
            optimizer.build(make_model().trainable_variables)

    def test_an_index(self):
        with pytest.raises(TypeError, match=r"groups are regular expressions .* got 0"):
            hc.attach(OPTIMIZERS.SGD(), lr=hc.Groups({0: LR}))

    def test_what_is_not_a_regular_expression(self):
        with pytest.raises(ValueError, match=r"'\(' is not a regular expression"):
            hc.attach(OPTIMIZERS.SGD(), lr=hc.Groups({"(": LR}))

    def test_nadam(self):
        with pytest.raises(ValueError, match="Nadam updates all variables together"):
            hc.attach(OPTIMIZERS.Nadam(), lr=hc.Groups({".*": LR}))

    @pytest.mark.parametrize("name", ["clipnorm", "clipvalue", "global_clipnorm", "ema_momentum"])
    def test_what_is_one_value_for_all(self, name):
        optimizer = OPTIMIZERS.SGD(use_ema=True)
        with pytest.raises(ValueError, match=f"{name}: {name} is one value for all variables"):
            hc.attach(optimizer, **{name: hc.Groups({".*": 0.5})})
