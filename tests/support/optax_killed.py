"""A training in JAX that can be killed at any moment: Orbax saves it whole."""

import jax
import jax.numpy as jnp
import optax
import orbax.checkpoint
from killed import STEPS, end, resumed

import hypercycle as hc
import hypercycle_optax
from hypercycle import observers

SAVE_EVERY = 20
LR = hc.Cycle(1e-3, 1e-1, 20, 13, waveform="hann")
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.8, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 17))


def train(folder, moments):
    transformation = hc.attach(optax.adamw, PLAN)

    def loss(params, batch):
        return jnp.mean((jnp.tanh(batch @ params["w"]) + params["b"] - batch.sum(axis=1)) ** 2)

    @jax.jit
    def update(training):
        key, now = jax.random.split(training["key"])
        gradients = jax.grad(loss)(training["params"], jax.random.normal(now, (8, 5)))
        updates, state = transformation.update(gradients, training["state"], training["params"])
        params = optax.apply_updates(training["params"], updates)
        return {"params": params, "state": state, "key": key}

    params = {"w": jnp.full(5, 0.5), "b": jnp.zeros(())}
    training = {
        "params": params,
        "state": transformation.init(params),
        "key": jax.random.PRNGKey(0),
    }
    options = orbax.checkpoint.CheckpointManagerOptions(max_to_keep=2)
    with (
        observers.CSV(folder / "values.csv", append=True) as log,
        orbax.checkpoint.CheckpointManager(folder / "saved", options=options) as manager,
    ):
        with moments.phase("resuming"):
            if manager.latest_step() is not None:
                fresh = orbax.checkpoint.args.StandardRestore(training)
                training = manager.restore(manager.latest_step(), args=fresh)
        begin = int(hypercycle_optax.plan_step(training["state"]))
        resumed(folder, begin)
        for step in range(begin, STEPS):
            with moments.phase("training", step):
                training = update(training)
                log.write(step, PLAN(step))
            if (step + 1) % SAVE_EVERY == 0:
                with moments.phase("saving", step + 1):
                    manager.save(step + 1, args=orbax.checkpoint.args.StandardSave(training))
        manager.wait_until_finished()
    end(folder, jax.tree.leaves(training))
