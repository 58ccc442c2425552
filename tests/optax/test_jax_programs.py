"""Every way in which JAX traces, and everything that Optax, Flax and Equinox put around."""

import equinox
import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import hypercycle as hc
from hypercycle.namespaces import on_jax
from hypercycle_optax import at_step, cycled

CYCLE = hc.Cycle(1e-3, 1e-1, 5, 3, waveform=("hann", "parzen"), scale=hc.Exponential(0.999))
CHAIN = hc.Chain(hc.Ramp(0.0, 0.1, 4), (CYCLE, 13), hc.Cycle(0.0, 0.1, 6, cycle_mult=1.5))
SCHEDULES = {"cycle": CYCLE, "chain": CHAIN, "product": hc.Product(hc.Ramp(0.0, 1.0, 9), CYCLE)}
STEPS = np.arange(24)

PLAN = hc.Plan(lr=CYCLE, momentum=CYCLE.opposite(0.85, 0.95), weight_decay=CHAIN)
OURS = cycled(optax.adamw, PLAN)
KEY = jax.random.key(0)
PARAMS = {"w": jax.random.normal(KEY, (8, 4)), "b": jnp.zeros(4)}
X = jax.random.normal(jax.random.key(1), (16, 8))


def loss(params, x=X):
    return jnp.mean((jnp.tanh(x @ params["w"] + params["b"]) - 0.3) ** 2)


def train_step(params, state, x=X, tx=OURS):
    changes, state = tx.update(jax.grad(loss)(params, x), state, params)
    return optax.apply_updates(params, changes), state


def trained(updates=12, tx=OURS):
    params, state = PARAMS, tx.init(PARAMS)
    step = jax.jit(lambda p, s: train_step(p, s, tx=tx))
    for _ in range(updates):
        params, state = step(params, state)
    return params, state


def assert_same(ours, theirs, rtol=1e-5):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6), ours, theirs)


def looped(schedule):
    def body(step, values):
        return values.at[step].set(schedule(step))

    return jax.lax.fori_loop(0, 24, body, jnp.zeros(24))


def whiled(schedule):
    def body(carry):
        step, values = carry
        return step + 1, values.at[step].set(schedule(step))

    return jax.lax.while_loop(lambda c: c[0] < 24, body, (0, jnp.zeros(24)))[1]


def conditioned(schedule):
    def one(step):
        return jax.lax.cond(step % 2 == 0, schedule, lambda s: schedule(s) + 0.0, step)

    return jax.vmap(one)(jnp.arange(24))


def mapped_over_devices(schedule):
    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))
    f = jax.shard_map(schedule, mesh=mesh, in_specs=P("data"), out_specs=P("data"))
    return jax.jit(f)(jnp.arange(24))


def replicated(schedule):
    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))
    f = jax.shard_map(schedule, mesh=mesh, in_specs=P(), out_specs=P())
    return jnp.stack([jax.jit(f)(step) for step in jnp.arange(24)])


def explicitly_sharded(schedule):
    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Explicit,))
    with jax.set_mesh(mesh):
        steps = jax.device_put(jnp.arange(24), P("data"))
        value = jax.jit(schedule)(steps)
        assert jax.typeof(value).sharding.spec == P("data")
        return value


def exported(schedule):
    made = jax.export.export(jax.jit(schedule))(jax.ShapeDtypeStruct((24,), jnp.int32))
    return jax.export.deserialize(made.serialize()).call(jnp.arange(24, dtype=jnp.int32))


def without_leaks(schedule):
    with jax.check_tracer_leaks():
        return jax.jit(schedule)(jnp.arange(24))


def strictly_promoted(schedule):
    with jax.numpy_dtype_promotion("strict"):
        return jax.jit(schedule)(jnp.arange(24))


def not_compiled(schedule):
    with jax.disable_jit():
        return jax.jit(schedule)(jnp.arange(24))


WAYS = {
    "eager": lambda s: s(jnp.arange(24)),
    "jit": lambda s: jax.jit(s)(jnp.arange(24)),
    "uint32": lambda s: jax.jit(s)(jnp.arange(24, dtype=jnp.uint32)),
    "int8": lambda s: jax.jit(s)(jnp.arange(24, dtype=jnp.int8)),
    "vmap": lambda s: jax.vmap(s)(jnp.arange(24)),
    "vmap jit": lambda s: jax.jit(jax.vmap(jax.vmap(s)))(jnp.arange(24).reshape(4, 6)).ravel(),
    "scan": lambda s: jax.lax.scan(lambda c, i: (c, s(i)), 0, jnp.arange(24))[1],
    "map": lambda s: jax.lax.map(s, jnp.arange(24)),
    "fori_loop": looped,
    "while_loop": whiled,
    "cond": conditioned,
    "remat": lambda s: jax.jit(jax.checkpoint(s))(jnp.arange(24)),
    "shard_map": mapped_over_devices,
    "replicated": replicated,
    "explicit mesh": explicitly_sharded,
    "export": exported,
    "no leaks": without_leaks,
    "strict promotion": strictly_promoted,
    "disable_jit": not_compiled,
}


def test_there_are_four_devices():
    assert jax.device_count() == 4


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_trace_in_every_way_and_stay_exact(name, way):
    values = WAYS[way](SCHEDULES[name])
    assert values.dtype == jnp.float32
    assert not values.weak_type
    np.testing.assert_array_equal(values, SCHEDULES[name](STEPS).astype(np.float32))


@pytest.mark.parametrize(
    "way", ["jit", "vmap", "scan", "while_loop", "shard_map", "export", "remat"]
)
def test_they_trace_without_float64_as_well(way, monkeypatch):
    monkeypatch.setattr(on_jax, "lowers_float64", lambda _: False)
    values = WAYS[way](hc.Cycle(1e-3, 1e-1, 5, 3, waveform="hann", phase=0.3))
    exact = hc.Cycle(1e-3, 1e-1, 5, 3, waveform="hann", phase=0.3)(STEPS).astype(np.float32)
    assert np.abs(values - exact).max() <= 4 * np.spacing(exact.max())


def test_with_64_bits_everywhere_nothing_is_rounded():
    with jax.enable_x64(True):
        values = jax.jit(CYCLE)(jnp.arange(24))
    assert values.dtype == jnp.float64
    np.testing.assert_allclose(values, CYCLE(STEPS), rtol=1e-15)


# Bounds that JAX traces.


def test_vmap_over_bounds():
    lows, highs = jnp.array([0.1, 0.2, 0.3]), jnp.array([0.5, 0.6, 0.7])

    def values(low, high):
        return hc.Cycle(low, high, 5, scale="halving")(jnp.arange(24))

    expected = [
        hc.Cycle(float(low), float(high), 5, scale="halving")(STEPS).astype(np.float32)
        for low, high in zip(lows, highs, strict=True)
    ]
    np.testing.assert_array_equal(jax.vmap(values)(lows, highs), expected)
    np.testing.assert_array_equal(jax.jit(jax.vmap(values))(lows, highs), expected)


def test_steps_on_the_host_with_bounds_that_are_traced():
    def at_three(low):
        cycle = hc.Cycle(low, 1.0, 5)
        return cycle(3), cycle(np.arange(24)), hc.Chain((cycle, 10), hc.Ramp(low, 0.0, 5))(2)

    three, values, chained = jax.jit(at_three)(0.1)
    exact = hc.Cycle(float(np.float32(0.1)), 1.0, 5)
    assert three == np.float32(exact(3))
    assert chained == np.float32(exact(2))
    np.testing.assert_array_equal(values, exact(STEPS).astype(np.float32))


def test_gradients_with_respect_to_bounds():
    def value(low, high, step):
        return hc.Cycle(low, high, 4, waveform="hann")(step)

    by_low, by_high = jax.grad(value, argnums=(0, 1))(0.1, 0.5, jnp.int32(2))
    np.testing.assert_allclose([by_low, by_high], [0.5, 0.5], rtol=1e-6)
    factor = jax.grad(lambda v: hc.Product(hc.Constant(v), hc.Cycle(0.1, 0.5, 4))(jnp.int32(4)))(
        2.0
    )
    np.testing.assert_allclose(factor, 0.5)


def test_gradients_through_an_update():
    def after(high):
        tx = cycled(optax.sgd, {"lr": hc.Cycle(0.0, high, 4)}, start_step=2)
        changes, _ = tx.update({"w": jnp.ones(2)}, tx.init({"w": jnp.zeros(2)}))
        return changes["w"].sum()

    np.testing.assert_allclose(jax.grad(after)(0.8), -1.0, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(after)(jnp.array([0.8, 1.6])), [-0.8, -1.6], rtol=1e-6)


def test_what_can_be_checked_of_traced_bounds_is():
    with pytest.raises(TypeError, match=r"low must be a number"):
        jax.vmap(lambda low: hc.Cycle(low, 1.0, 5)(3))(jnp.ones((2, 3)))
    with pytest.raises(TypeError, match=r"low must be a number"):
        jax.jit(lambda low: hc.Cycle(low, 1.0, 5)(3))(True)
    with pytest.raises(ValueError, match="low must not be above high"):
        hc.Cycle(jnp.float32(2.0), 1.0, 5)
    assert hc.Cycle(jnp.float32(0.5), jnp.bfloat16(1.0), 5) == hc.Cycle(0.5, 1.0, 5)
    assert hc.Plan(lr=jnp.float32(0.5)) == hc.Plan(lr=0.5)
    with pytest.raises(TypeError, match="lr must be a schedule"):
        hc.Plan(lr=jnp.ones(3))


def test_a_step_that_is_no_whole_number_is_refused():
    with pytest.raises(TypeError, match="step must be an int or an array of ints"):
        jax.jit(CYCLE)(jnp.float32(3))


# Training.


def test_scan_fori_and_while_train_as_a_loop_in_python_does():
    expected, _ = trained()

    def body(carry, _):
        return train_step(*carry), None

    start = (PARAMS, OURS.init(PARAMS))
    assert_same(jax.lax.scan(body, start, length=12)[0][0], expected)
    assert_same(jax.lax.fori_loop(0, 12, lambda _, c: train_step(*c), start)[0], expected)
    done = jax.lax.while_loop(lambda c: c[1].count < 12, lambda c: train_step(*c), start)
    assert_same(done[0], expected)


def test_one_compilation_from_init_over_many_steps_with_donation():
    compiled = []

    def step(params, state):
        compiled.append(1)
        return train_step(params, state)

    step = jax.jit(step, donate_argnums=(0, 1))
    params = jax.tree.map(jnp.copy, PARAMS)
    state = OURS.init(params)
    count = state.count
    for _ in range(8):
        params, state = step(params, state)
    assert len(compiled) == 1
    assert count.is_deleted()
    assert_same(params, trained(8)[0])
    assert not any(leaf.weak_type for leaf in jax.tree.leaves((params, state)))


def test_init_under_jit_gives_the_same_state():
    same = jax.tree.map(
        lambda a, b: (a == b).all() and a.dtype == b.dtype,
        jax.jit(OURS.init)(PARAMS),
        OURS.init(PARAMS),
    )
    assert all(jax.tree.leaves(same))


def test_no_tracer_leaks_from_training():
    tx = cycled(optax.adamw, PLAN)
    with jax.check_tracer_leaks():
        jax.jit(lambda p, s: train_step(p, s, tx=tx))(PARAMS, tx.init(PARAMS))
    tx.update(PARAMS, tx.init(PARAMS), PARAMS)


def test_vmap_over_models_and_their_bounds():
    def run(low, params):
        tx = cycled(optax.sgd, {"lr": hc.Cycle(low, 0.9, 4), "momentum": 0.9})
        state = tx.init(params)
        for _ in range(5):
            params, state = train_step(params, state, tx=tx)
        return params

    many = jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]), PARAMS)
    ours = jax.vmap(run)(jnp.array([0.1, 0.2]), many)
    for index, low in enumerate((0.1, 0.2)):
        alone = run(low, jax.tree.map(lambda leaf: leaf[index], many))  # noqa: B023
        assert_same(jax.tree.map(lambda leaf: leaf[index], ours), alone)  # noqa: B023


def test_gradients_through_training_with_remat():
    def after(scale):
        params = jax.tree.map(lambda leaf: leaf * scale, PARAMS)
        state = OURS.init(params)
        for _ in range(3):
            params, state = jax.checkpoint(train_step)(params, state)
        return loss(params)

    ours = jax.grad(after)(1.0)
    difference = (after(1.0 + 1e-2) - after(1.0 - 1e-2)) / 2e-2
    np.testing.assert_allclose(ours, difference, rtol=0.05)


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_sharded_training(kind):
    mesh = jax.make_mesh((4,), ("data",), axis_types=(kind,))
    with jax.set_mesh(mesh):
        everywhere, by_row = NamedSharding(mesh, P()), NamedSharding(mesh, P("data"))
        params = jax.device_put(PARAMS, everywhere)
        x = jax.device_put(X, by_row)
        state = jax.jit(OURS.init)(params)
        step = jax.jit(train_step)
        for _ in range(6):
            params, state = step(params, state, x)
    assert_same(jax.device_get(params), trained(6)[0])


def test_training_inside_shard_map():
    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))

    def step(params, state, x):
        gradients = jax.lax.pmean(jax.grad(loss)(params, x), "data")
        changes, state = OURS.update(gradients, state, params)
        return optax.apply_updates(params, changes), state

    sharded = jax.jit(
        jax.shard_map(step, mesh=mesh, in_specs=(P(), P(), P("data")), out_specs=(P(), P()))
    )
    params, state = PARAMS, OURS.init(PARAMS)
    for _ in range(6):
        params, state = sharded(params, state, X)
    assert_same(params, trained(6)[0])


def test_an_exported_train_step_goes_on_as_before():
    params, state = trained(5)
    leaves, tree = jax.tree.flatten((params, state))

    def step(*leaves):
        return jax.tree.leaves(train_step(*jax.tree.unflatten(tree, leaves)))

    made = jax.export.export(jax.jit(step))(*leaves)
    ours = jax.export.deserialize(made.serialize()).call(*leaves)
    assert_same(ours, step(*leaves))


# What Optax puts around.


def test_multi_steps_counts_applied_updates():
    tx = optax.MultiSteps(OURS, 2)
    params, state = trained(12, tx)
    assert int(state.inner_opt_state.count) == 6
    assert_same(params, trained(6)[0])


def test_apply_if_finite_does_not_count_skipped_updates():
    tx = optax.apply_if_finite(OURS, 3)
    state = tx.init(PARAMS)
    bad = jax.tree.map(lambda leaf: leaf * jnp.nan, PARAMS)
    _, state = jax.jit(tx.update)(bad, state, PARAMS)
    assert int(state.inner_state.count) == 0
    _, state = jax.jit(tx.update)(PARAMS, state, PARAMS)
    assert int(state.inner_state.count) == 1


def test_chain_masked_and_partition():
    sgd = cycled(optax.sgd, {"lr": CYCLE})
    ones = jax.tree.map(jnp.ones_like, PARAMS)
    rate = np.float32(CYCLE(0))
    chained = optax.chain(optax.clip(0.5), sgd)
    masked = optax.masked(sgd, {"w": True, "b": False})
    parted = optax.partition({"a": sgd, "b": optax.set_to_zero(), "c": sgd}, {"w": "a", "b": "b"})
    for tx, w, b in ((chained, -0.5 * rate, -0.5 * rate), (masked, -rate, 1.0), (parted, -rate, 0)):
        for _ in range(2):
            changes, _ = jax.jit(tx.update)(ones, tx.init(PARAMS), PARAMS)
            np.testing.assert_allclose(changes["w"], w, rtol=1e-6)
            np.testing.assert_allclose(changes["b"], b, rtol=1e-6)


def test_the_step_from_outside_passes_through_chains():
    tx = optax.chain(optax.clip(0.5), cycled(optax.sgd, {"lr": CYCLE}, external_step=True))
    ones = jax.tree.map(jnp.ones_like, PARAMS)
    changes, _ = jax.jit(tx.update)(ones, tx.init(PARAMS), PARAMS, step=jnp.int32(5))
    np.testing.assert_allclose(changes["b"], -0.5 * CYCLE(5), rtol=1e-6)


# Flax and Equinox.


def test_flax_nnx_optimizer():
    class Model(nnx.Module):
        def __init__(self):
            self.w, self.b = nnx.Param(PARAMS["w"]), nnx.Param(PARAMS["b"])

        def loss(self):
            return loss({"w": self.w[...], "b": self.b[...]})

    @nnx.jit
    def step(model, optimizer):
        optimizer.update(model, nnx.grad(Model.loss)(model))

    model = Model()
    optimizer = nnx.Optimizer(model, OURS, wrt=nnx.Param)
    for _ in range(6):
        step(model, optimizer)
    assert_same({"w": model.w[...], "b": model.b[...]}, trained(6)[0])
    assert int(optimizer.opt_state.count[...]) == 6
    moved = at_step(optimizer.opt_state, 40)
    assert int(moved.count[...]) == 40


def test_flax_nnx_optimizer_with_its_own_step():
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
    tx = cycled(optax.sgd, {"lr": CYCLE}, external_step=True)
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    before = model.kernel[...]
    ones = jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param))
    for index in range(3):
        optimizer.update(model, ones, step=optimizer.step[...])
        after = before - np.float32(CYCLE(index))
        np.testing.assert_allclose(model.kernel[...], after, rtol=1e-5)
        before = model.kernel[...]


def test_an_nnx_optimizer_as_the_target_says_what_to_do():
    optimizer = nnx.Optimizer(nnx.Linear(3, 2, rngs=nnx.Rngs(0)), optax.sgd(0.1), wrt=nnx.Param)
    with pytest.raises(TypeError, match=r"in this Optimizer is made already: pass the factory"):
        hc.attach(optimizer, lr=CYCLE)


def test_equinox_models_that_can_be_called():
    class Linear(equinox.Module):
        weight: jax.Array

        def __call__(self, x):
            return x @ self.weight

    model = Linear(PARAMS["w"])
    # A mask that is a tree with __call__: Optax's inject_hyperparams takes it for a schedule.
    mask = Linear(True)
    plan = {"lr": CYCLE, "weight_decay": hc.Cycle(0.1, 0.2, 5)}
    masked = {"mask": lambda _: mask}
    tx = cycled(optax.adamw, plan, **masked)

    @equinox.filter_jit
    def step(model, state):
        gradients = equinox.filter_grad(lambda m: jnp.mean(m(X) ** 2))(model)
        changes, state = tx.update(gradients, state, equinox.filter(model, equinox.is_array))
        return equinox.apply_updates(model, changes), state

    state = tx.init(equinox.filter(model, equinox.is_array))
    other, theirs = model.weight, None
    for index in range(4):
        plain = optax.adamw(
            np.float32(CYCLE(index)), weight_decay=np.float32(plan["weight_decay"](index))
        )
        theirs = plain.init(other) if theirs is None else theirs
        gradient = jax.grad(lambda w: jnp.mean((X @ w) ** 2))(other)
        changes, theirs = plain.update(gradient, theirs, other)
        other = other + changes
        model, state = step(model, state)
    np.testing.assert_allclose(model.weight, other, rtol=1e-5, atol=1e-6)
    assert int(state.count) == 4
