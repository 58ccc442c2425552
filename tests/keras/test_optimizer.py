"""Values inside the step, in every way of running it, and what runs around it."""

import keras
import numpy as np
import pytest
from keras_models import (
    BACKEND,
    FAST,
    LR,
    MODES,
    PLAN,
    ByHand,
    X,
    Y,
    assert_same,
    by_hand,
    fit,
    make_model,
    train,
    weights,
)

import hypercycle as hc
from hypercycle_keras import CycleHistory

SGD = keras.optimizers.SGD


VERSION = tuple(map(int, keras.__version__.split(".")[:2]))


@pytest.fixture(scope="module")
def expected():
    return by_hand(SGD(0.01, momentum=0.9, weight_decay=1e-3))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.filterwarnings("ignore:Dynamo:UserWarning", "ignore::DeprecationWarning")
def test_every_way_of_running_the_step_has_the_values_of_the_plan(mode, expected):
    if BACKEND == "torch" and mode == "jit" and VERSION < (3, 15):
        pytest.skip("an old Keras's layers do not compile with a new PyTorch")
    optimizer = hc.attach(SGD(0.01, momentum=0.9, weight_decay=1e-3), PLAN)
    model = train(optimizer, compiled=MODES[mode])
    assert_same(model, expected, **({"rtol": 0} if mode == "eager" else {}))
    assert optimizer.plan_step == 24
    assert optimizer.values == PLAN(24)


def test_plain_keras_without_a_plan_trains_otherwise(expected):
    model = train(SGD(0.01, momentum=0.9, weight_decay=1e-3))
    assert not all(
        np.allclose(a, b) for a, b in zip(weights(model), weights(expected), strict=True)
    )


def test_attributes_keep_what_the_optimizer_was_made_with():
    optimizer = hc.attach(SGD(0.01, momentum=0.3), PLAN)
    train(optimizer)
    assert optimizer.momentum == 0.3
    assert optimizer.weight_decay is None
    plain = SGD(0.01, momentum=0.3, weight_decay=1e-3)
    train(plain)
    assert vars(optimizer).keys() - vars(plain).keys() == {"_following"}


def test_the_learning_rate_is_that_of_the_last_update():
    optimizer = hc.attach(SGD(0.5), lr=LR)
    train(optimizer, epochs=1)
    assert float(optimizer.learning_rate) == pytest.approx(LR(11))


def test_momentum_and_weight_decay_may_start_from_nothing():
    expected = by_hand(SGD(0.01, momentum=0.9, weight_decay=1e-3))
    assert_same(train(hc.attach(SGD(0.01), PLAN)), expected)


def test_momentum_that_passes_zero_is_the_same_everywhere():
    # A momentum of exactly 0 for one step forgets what there was, as m·0 − lr·g says.
    plan = hc.Plan(momentum=hc.Cycle(0.0, 0.8, 2))
    tiny = hc.Plan(momentum=lambda step: max(plan(step)["momentum"], 1e-38))
    expected = by_hand(SGD(0.05, momentum=0.5), tiny)
    assert_same(train(hc.attach(SGD(0.05), plan)), expected)
    assert_same(train(hc.attach(SGD(0.05), plan), compiled={"run_eagerly": True}), expected)


def test_one_minus_beta_is_rounded_once(expected):
    # 1 − float32(0.999) is off by 1e-5 of itself: constant schedules must not differ from floats.
    del expected
    made = {"learning_rate": 0.05, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-3}
    plain = train(keras.optimizers.Adam(**made))
    plan = hc.Plan(beta1=0.9, beta2=0.999, eps=1e-3)
    assert_same(train(hc.attach(keras.optimizers.Adam(**made), plan)), plain, rtol=2e-7, atol=1e-8)


@pytest.mark.parametrize("mode", FAST)
def test_gradient_accumulation_counts_updates(mode):
    made = {"learning_rate": 0.01, "momentum": 0.9, "gradient_accumulation_steps": 3}
    expected = by_hand(SGD(**made), every=3)
    optimizer = hc.attach(SGD(**made), PLAN)
    assert_same(train(optimizer, compiled=MODES[mode]), expected)
    assert optimizer.plan_step == 24 // 3


def test_ema():
    made = {"learning_rate": 0.05, "use_ema": True, "ema_overwrite_frequency": 4}
    plan = hc.Plan(lr=LR, ema_momentum=hc.Cycle(0.5, 0.9, 3))
    expected = by_hand(SGD(**made), plan)
    assert_same(train(hc.attach(SGD(**made), plan)), expected)


@pytest.mark.parametrize(
    "clip", [{"clipnorm": 0.05}, {"clipvalue": 0.02}, {"global_clipnorm": 0.05}], ids=str
)
def test_clipping(clip):
    (name, value), *_ = clip.items()
    plan = hc.Plan(**{name: hc.Cycle(value, 20 * value, 3)})
    expected = by_hand(SGD(0.1, **clip), plan)
    assert_same(train(hc.attach(SGD(0.1, **clip), plan)), expected)
    assert_same(train(hc.attach(SGD(0.1), plan)), expected)


class TestLossScale:
    def test_the_inner_optimizer_is_driven(self, expected):
        outer = keras.optimizers.LossScaleOptimizer(
            SGD(0.01, momentum=0.9), initial_scale=8.0, dynamic_growth_steps=7, name="outer"
        )
        result = hc.attach(outer, PLAN)
        assert isinstance(result, keras.optimizers.LossScaleOptimizer)
        assert (result.initial_scale, result.dynamic_growth_steps, result.name) == (8.0, 7, "outer")
        assert outer.inner_optimizer.get_config()["momentum"] == 0.9
        history = CycleHistory()
        assert_same(train(result, callbacks=[history]), expected)
        assert history.steps.tolist() == list(range(24))
        assert (result.plan, result.plan_step, result.values) == (PLAN, 24, PLAN(24))

    def test_mixed_precision_wraps_what_attach_returned(self):
        keras.config.set_dtype_policy("mixed_float16")
        try:
            model = train(hc.attach(SGD(0.01), PLAN))
        finally:
            keras.config.set_dtype_policy("float32")
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        made = model.optimizer.inner_optimizer
        assert 0 < made.plan_step <= 24
        assert float(made.learning_rate) == pytest.approx(LR(made.plan_step - 1))

    def test_a_skipped_step_does_not_advance_the_wave(self):
        x = X.copy()
        x[8 * 3 : 8 * 4] = np.inf  # the fourth batch
        result = keras.optimizers.LossScaleOptimizer(hc.attach(SGD(0.01), lr=LR))
        model = make_model()
        model.compile(result, "mse")
        history = CycleHistory()
        model.fit(x, Y, batch_size=8, shuffle=False, verbose=0, callbacks=[history])
        assert result.inner_optimizer.plan_step == 11
        assert history.steps.tolist() == list(range(11))


@pytest.mark.skipif(
    not hasattr(keras.optimizers, "MultiOptimizer"), reason="MultiOptimizer came with Keras 3.15"
)
class TestMultiOptimizer:
    def optimizers(self, drive):
        first = drive(SGD(0.01, momentum=0.9, name="one"), PLAN)
        other = drive(keras.optimizers.Adam(0.01, name="other"), hc.Plan(lr=LR, beta1=0.8))
        return first, other

    def together(self, first, other):
        return keras.optimizers.MultiOptimizer(
            keras.optimizers.OptimizerMap(first, {".*second/.*": other})
        )

    def test_its_optimizers_are_driven(self):
        first, other = self.optimizers(hc.attach)
        model = train(self.together(first, other))
        first, other = self.optimizers(lambda optimizer, _: optimizer)

        class Both(ByHand):
            def on_train_batch_begin(self, batch, logs=None):
                _ = self.model  # with JAX, what makes assignments count
                for name, value in PLAN(self.batches).items():
                    setattr(first, self.names.get(name, name), value)
                other.learning_rate, other.beta_1 = LR(self.batches), 0.8
                self.batches += 1

        expected = train(
            self.together(first, other), callbacks=[Both()], compiled={"run_eagerly": True}
        )
        assert_same(model, expected)


def test_several_devices():
    if BACKEND != "jax":
        pytest.skip("keras.distribution is for JAX")
    expected = by_hand(SGD(0.01, momentum=0.9, weight_decay=1e-3))
    assert len(keras.distribution.list_devices()) == 4
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    try:
        model = train(hc.attach(SGD(0.01, momentum=0.9, weight_decay=1e-3), PLAN))
    finally:
        keras.distribution.set_distribution(None)
    assert_same(model, expected)


class TestCustomLoops:
    def train(self, optimizer):
        model = make_model()
        loss = keras.losses.MeanSquaredError()
        optimizer.build(model.trainable_variables)
        batches = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, len(X), 8)] * 2
        getattr(self, BACKEND)(model, optimizer, loss, batches)
        return model

    def tensorflow(self, model, optimizer, loss, batches):
        import tensorflow as tf

        @tf.function(jit_compile=True)
        def step(x, y):
            with tf.GradientTape() as tape:
                value = loss(y, model(x))
            grads = tape.gradient(value, model.trainable_variables)
            optimizer.apply(grads, model.trainable_variables)

        for batch in batches:
            step(*batch)

    def jax(self, model, optimizer, loss, batches):
        import jax

        def value(trainable, x, y):
            return loss(y, model.stateless_call(trainable, [], x)[0])

        @jax.jit
        def step(trainable, state, x, y):
            return optimizer.stateless_apply(state, jax.grad(value)(trainable, x, y), trainable)

        trainable = [one.value for one in model.trainable_variables]
        state = [one.value for one in optimizer.variables]
        for batch in batches:
            trainable, state = step(trainable, state, *batch)
        for one, new in zip(model.trainable_variables, trainable, strict=True):
            one.assign(new)

    def torch(self, model, optimizer, loss, batches):
        for x, y in batches:
            model.zero_grad()
            loss(y, model(x)).backward()
            grads = [one.value.grad for one in model.trainable_variables]
            optimizer.apply(grads, model.trainable_variables)

    def test_a_custom_loop(self, expected):
        optimizer = hc.attach(SGD(0.01, momentum=0.9, weight_decay=1e-3), PLAN)
        assert_same(self.train(optimizer), expected)


@pytest.fixture(scope="module")
def strategy():
    import tensorflow as tf

    if len(tf.config.list_logical_devices("CPU")) < 2:
        pytest.skip("TensorFlow was started with one device")
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.distribute is TensorFlow's")
class TestMirroredStrategy:
    @pytest.mark.parametrize(
        "kind", [SGD, keras.optimizers.Adam, keras.optimizers.RMSprop], ids=lambda one: one.__name__
    )
    def test_replicas_share_the_values(self, strategy, kind):
        # The constants of a schedule that does not move, so that plain Keras is the reference.
        names = {"SGD": "momentum", "Adam": "beta1", "RMSprop": "rho"}
        made = {"learning_rate": 0.05, "weight_decay": 1e-2}
        own = {"SGD": {"momentum": 0.8}, "Adam": {"beta_1": 0.8}, "RMSprop": {"rho": 0.8}}
        with strategy.scope():
            plain = train(kind(**made, **own[kind.__name__]))
        with strategy.scope():
            optimizer = kind(0.05, weight_decay=0.5)
        plan = hc.Plan(weight_decay=1e-2, **{names[kind.__name__]: 0.8})
        optimizer = hc.attach(optimizer, plan)
        with strategy.scope():
            model = make_model()
        assert_same(train(optimizer, model=model), plain)
        assert "_update" not in vars(optimizer)

    def test_the_wave_moves(self, strategy):
        with strategy.scope():
            model = train(hc.attach(SGD(0.01), PLAN))
            optimizer = model.optimizer
        assert optimizer.plan_step == 24
        assert optimizer.learning_rate.numpy() == pytest.approx(LR(23))
        # two replicas of four samples make the mean gradient of eight
        assert_same(model, by_hand(SGD(0.01, momentum=0.9, weight_decay=1e-3)))

    def test_groups(self, strategy):
        groups = {"lr": hc.Groups({".*first/.*": LR, ".*": 0.02}), "weight_decay": 1e-2}
        made = {"momentum": hc.Groups({".*kernel": hc.Cycle(0.5, 0.9, 4), ".*": None})}
        plan = hc.Plan(**groups, **made)
        with strategy.scope():
            model = train(hc.attach(SGD(0.01), plan))
        assert_same(model, train(hc.attach(SGD(0.01), plan), compiled={"run_eagerly": True}))

    def test_a_loss_scale(self, strategy, expected):
        with strategy.scope():
            inner = hc.attach(SGD(0.01, momentum=0.9), PLAN)
            model = train(keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0))
        assert_same(model, expected)
        assert inner.plan_step == 24


class TestHalfPrecision:
    @pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop", "Lion", "Adadelta"])
    def test_variables_keep_their_dtype(self, kind):
        made = getattr(keras.optimizers, kind)
        plan = {"lr": LR, "weight_decay": 1e-3}
        beta = {"SGD": "momentum", "Adam": "beta2", "Lion": "beta1"}.get(kind, "rho")
        plan[beta] = hc.Cycle(0.5, 0.9, 4)
        keras.config.set_dtype_policy("bfloat16")
        try:
            model = train(hc.attach(made(), plan), epochs=1)
        finally:
            keras.config.set_dtype_policy("float32")
        assert {str(one.dtype) for one in model.trainable_variables} == {"bfloat16"}
        assert all(np.isfinite(one.astype("float32")).all() for one in weights(model))


def test_double_precision_has_values_in_double_precision():
    if BACKEND == "jax":
        pytest.skip("JAX has 64 bits only if it was started with them")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        model = train(hc.attach(SGD(0.01), PLAN))
        expected = by_hand(SGD(0.01, momentum=0.9, weight_decay=1e-3))
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
    # TensorFlow's optimizers cast Python floats to float32 on the way, ours do not.
    assert_same(model, expected, rtol=0, atol=1e-6 if BACKEND == "tensorflow" else 1e-14)


def test_a_second_fit_goes_on():
    optimizer = hc.attach(SGD(0.01, momentum=0.9), PLAN)
    model = train(optimizer, epochs=1)
    fit(model, epochs=2, initial_epoch=1)
    assert_same(model, by_hand(SGD(0.01, momentum=0.9, weight_decay=1e-3)))
