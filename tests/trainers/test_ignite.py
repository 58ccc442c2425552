from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("ignite")

from digit_updates import (
    BATCHES,
    OTHER_PLAN,
    PLAN,
    adamw,
    loader,
    network,
    of_steps,
    watch,
)
from ignite.engine import Events, create_supervised_trainer
from ignite.handlers import Checkpoint, DiskSaver
from ignite.handlers.tensorboard_logger import OutputHandler, TensorboardLogger

import hypercycle as hc
from hypercycle_trainers.ignite import CycleHandler

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("error::hypercycle.MisuseWarning"),
]


class Training:
    """A network, its optimizer, an engine that trains it and our handler."""

    def __init__(self, plan=PLAN, accumulate=1, **options):
        self.network = network()
        self.optimizer = adamw(self.network)
        self.used = watch(self.optimizer)
        self.engine = create_supervised_trainer(
            self.network,
            self.optimizer,
            torch.nn.functional.cross_entropy,
            gradient_accumulation_steps=accumulate,
        )
        self.handler = CycleHandler(self.optimizer, plan, **options)
        self.handler.attach(self.engine)

    @property
    def parts(self):
        return {
            "network": self.network,
            "optimizer": self.optimizer,
            "engine": self.engine,
            "cycler": self.handler,
        }

    def run(self):
        self.engine.run(loader(), max_epochs=2)
        return self


@pytest.fixture
def checkpoint(tmp_path):
    """Of a training that was saved after 11 updates, in mid-epoch and in mid-cycle."""
    training = Training()
    saver = Checkpoint(training.parts, DiskSaver(tmp_path), n_saved=None)
    training.engine.add_event_handler(Events.ITERATION_COMPLETED(once=11), saver)
    training.run()
    return torch.load(tmp_path / "checkpoint_11.pt", weights_only=True)


def test_each_update_has_the_values_of_its_step():
    assert Training().run().used == of_steps(0, 2 * BATCHES)


def test_batches_that_are_accumulated_count_once():
    assert Training(accumulate=4).run().used == of_steps(0, 2 * BATCHES // 4)


def test_a_training_goes_on_from_a_checkpoint_in_mid_cycle(checkpoint):
    resumed = Training()
    Checkpoint.load_objects(resumed.parts, checkpoint)
    assert resumed.run().used == of_steps(11, 2 * BATCHES)


def test_a_changed_plan_is_refused_when_a_checkpoint_is_loaded(checkpoint):
    resumed = Training(OTHER_PLAN)
    Checkpoint.load_objects(resumed.parts, checkpoint)
    with pytest.raises(ValueError, match=r"lr\.high: saved 0\.01, present 0\.02"):
        resumed.run()


def test_a_checkpoint_without_its_state_is_refused_unless_the_step_is_told(checkpoint):
    del checkpoint["cycler"]
    for options, used in (({}, None), ({"start_step": 11}, of_steps(11, 2 * BATCHES))):
        resumed = Training(**options)
        parts = {name: part for name, part in resumed.parts.items() if name != "cycler"}
        Checkpoint.load_objects(parts, checkpoint)
        if used is None:
            with pytest.raises(ValueError, match="goes on at iteration 11, but no state"):
                resumed.run()
        else:
            assert resumed.run().used == used


def test_an_engine_that_runs_on_goes_on_and_one_that_runs_again_begins_anew():
    training = Training()
    training.engine.run(loader(), max_epochs=1)
    training.engine.run(loader(), max_epochs=2)
    assert training.used == of_steps(0, 2 * BATCHES)
    training.run()
    assert training.used == of_steps(0, 2 * BATCHES) * 2


def test_an_engine_that_runs_again_multiplies_what_it_did_first():
    factors = hc.Plan(lr=hc.Cycle(0.5, 2.0, 7))
    training = Training(factors, relative=True)
    training.run().run()
    rates = [values["lr"] for values in training.used]
    assert rates == [factors(step)["lr"] for step in range(2 * BATCHES)] * 2


def test_lengths_are_of_the_iterations_of_the_engine():
    for length, steps in (("25%", 10), ("1ep", BATCHES)):
        training = Training(hc.Plan(lr=hc.Cycle(1e-3, 1e-2, length))).run()
        assert training.handler.cycler.plan["lr"].step_size_up == steps
    told = Training(hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "25%")), accumulate=4, total_steps=20).run()
    assert told.handler.cycler.plan["lr"].step_size_up == 5


def test_loggers_find_the_values_of_the_update():
    training, logged = Training(), []
    output = OutputHandler("training", metric_names="all")

    @training.engine.on(Events.ITERATION_COMPLETED(every=5))
    def log(engine):
        iteration = engine.state.iteration
        writer = SimpleNamespace(add_scalar=lambda name, value, _: logged.append((name, value)))
        output(engine, _tensorboard(writer), Events.ITERATION_COMPLETED)
        expected = {f"training/{name}": value for name, value in PLAN(iteration - 1).items()}
        assert dict(logged) == expected
        logged.clear()

    training.run()


def _tensorboard(writer):
    logger = object.__new__(TensorboardLogger)
    logger.writer = writer
    return logger
