"""CycleHistory, and Keras's own callbacks beside a cycled optimizer."""

import csv

import keras
import numpy as np
import pytest
from keras_models import BACKEND, BATCHES, LR, PLAN, X, Y, fit, make_model, train

import hypercycle as hc
from hypercycle import observers
from hypercycle_keras import CycleHistory
from hypercycle_keras.optimizer import optimizers_with_plans

SGD = keras.optimizers.SGD


def test_it_records_every_value_of_every_update():
    history = CycleHistory()
    model = train(hc.attach(SGD(0.01), PLAN), callbacks=[history])
    fit(model, epochs=1, callbacks=[history])
    assert history.steps.tolist() == list(range(36))
    assert sorted(history.values) == sorted(PLAN)
    for name, values in history.values.items():
        assert values.tolist() == PLAN(np.arange(36))[name].tolist()


def test_it_may_come_before_what_restores_a_run(tmp_path):
    class Crash(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    with pytest.raises(KeyboardInterrupt):
        train(hc.attach(SGD(), PLAN), callbacks=[backup(), Crash()])
    events = []
    history = CycleHistory(lambda *event: events.append(event))
    train(hc.attach(SGD(), PLAN), callbacks=[history, backup()])
    assert history.steps.tolist() == list(range(12, 24))
    assert events == [tuple(event) for step in range(13, 25) for event in LR.events(step)]


@pytest.mark.parametrize(("first", "missing"), [("history", []), ("backup", [5])])
def test_no_row_is_missing_where_it_comes_before_what_saves_a_run(tmp_path, first, missing):
    class Killed(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 5:
                raise KeyboardInterrupt

    def fitted(*others):
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=3)
        history = CycleHistory()
        callbacks = [history, backup, *others] if first == "history" else [backup, *others, history]
        with observers.CSV(tmp_path / "values.csv", append=True):
            train(hc.attach(SGD(0.01), lr=LR), epochs=1, callbacks=callbacks)

    with pytest.raises(KeyboardInterrupt):
        fitted(Killed())
    fitted()
    rows = (tmp_path / "values.csv").read_text().splitlines()[1:]
    steps = [int(row.split(",")[0]) for row in rows]
    assert steps == [step for step in range(6 + BATCHES) if step not in missing]


def test_nothing_is_recorded_before_training():
    assert CycleHistory().values == {}
    assert CycleHistory().steps.tolist() == []


@pytest.mark.skipif(BACKEND == "torch", reason="refuses several steps per execution")
def test_several_steps_per_execution():
    events = []
    history = CycleHistory(lambda *event: events.append(event))
    train(hc.attach(SGD(), lr=LR), callbacks=[history], compiled={"steps_per_execution": 8})
    assert history.steps.tolist() == list(range(24))
    assert events == [tuple(event) for step in range(1, 25) for event in LR.events(step)]


def test_groups_are_recorded_by_pattern():
    history = CycleHistory()
    groups = hc.Groups({".*kernel": LR, ".*": None})
    model = train(hc.attach(SGD(), lr=groups), epochs=1, callbacks=[history])
    assert history.values["lr"][".*kernel"].tolist() == LR(np.arange(12)).tolist()
    assert model.history.history["lr/.*kernel"] == [LR(11)]


def test_events_come_once_and_in_order():
    events = []
    history = CycleHistory(lambda *event: events.append(event))
    train(hc.attach(SGD(), PLAN), callbacks=[history])
    expected = [tuple(event) for step in range(1, 25) for event in LR.events(step)]
    assert events == expected
    assert ("cycle_end", 0, 10) in events


def test_events_come_after_the_batch_that_makes_the_step():
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append("batch")

    history = CycleHistory(lambda name, cycle, step: seen.append((name, step)))
    train(hc.attach(SGD(), lr=LR), epochs=1, callbacks=[Seen(), history])
    assert seen[:6] == ["batch"] * 5 + [("peak", 5)]


def test_accumulated_batches_make_one_step():
    events = []
    history = CycleHistory(lambda *event: events.append(event))
    optimizer = hc.attach(SGD(gradient_accumulation_steps=3), lr=hc.Cycle(0.1, 0.5, 2))
    train(optimizer, callbacks=[history])
    assert history.steps.tolist() == list(range(8))
    assert [step for _, _, step in events] == [2, 4, 6, 8]


def test_events_of_another_schedule():
    events = []
    history = CycleHistory(lambda *event: events.append(event), events_of="weight_decay")
    train(hc.attach(SGD(), PLAN), epochs=1, callbacks=[history])
    assert [step for _, _, step in events] == [3, 6, 9, 12]


class Stop(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.stop_training = True


class TestStoppingAtACyclesEnd:
    def test_a_stop_waits_for_the_end_of_the_cycle(self):
        optimizer = hc.attach(SGD(), lr=LR)  # cycles of 10 steps, epochs of 12
        history = CycleHistory(stop_at_cycle_end=True)
        train(optimizer, epochs=5, callbacks=[Stop(0), history])
        assert optimizer.plan_step == 20
        assert history.steps.tolist() == list(range(20))

    @pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
    def test_a_stop_that_comes_after_it_is_told(self):
        optimizer = hc.attach(SGD(), lr=LR)
        history = CycleHistory(stop_at_cycle_end=True)
        with pytest.warns(UserWarning, match="by a callback that comes after CycleHistory in the"):
            train(optimizer, epochs=5, callbacks=[history, Stop(0)])
        assert optimizer.plan_step == 12

    def test_at_a_cycles_end_it_does_not_wait(self):
        optimizer = hc.attach(SGD(), lr=hc.Cycle(0.1, 0.5, 6))
        train(optimizer, epochs=5, callbacks=[Stop(1), CycleHistory(stop_at_cycle_end=True)])
        assert optimizer.plan_step == 24

    def test_after_the_last_cycle_it_does_not_wait(self):
        optimizer = hc.attach(SGD(), lr=hc.Cycle(0.1, 0.5, 5, cycles=1))
        train(optimizer, epochs=5, callbacks=[Stop(0), CycleHistory(stop_at_cycle_end=True)])
        assert optimizer.plan_step == 12

    def test_without_being_told_it_does_not_wait(self):
        optimizer = hc.attach(SGD(), lr=LR)
        train(optimizer, epochs=5, callbacks=[Stop(0), CycleHistory()])
        assert optimizer.plan_step == 12

    def test_early_stopping(self):
        optimizer = hc.attach(SGD(0.0), lr=hc.Cycle(0.0, 1e-12, 20))  # nothing ever improves
        early = keras.callbacks.EarlyStopping("loss", min_delta=1.0, patience=1)
        train(optimizer, epochs=9, callbacks=[early, CycleHistory(stop_at_cycle_end=True)])
        assert optimizer.plan_step == 40

    def test_not_a_number_does_not_wait(self):
        x = X.copy()
        x[8 * 3] = np.nan

        def updates(*callbacks):
            model = make_model()
            model.compile(hc.attach(SGD(), lr=LR), "mse")
            callbacks = [keras.callbacks.TerminateOnNaN(), *callbacks]
            model.fit(x, Y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
            return model.optimizer.plan_step

        assert updates(CycleHistory(stop_at_cycle_end=True)) == updates() < 10

    def test_a_plan_without_cycles(self):
        callback = CycleHistory(stop_at_cycle_end=True)
        with pytest.raises(
            ValueError, match=r"waits for the end of a cycle, and .* has none: name"
        ):
            train(hc.attach(SGD(), lr=0.1), callbacks=[callback])


def test_marks_are_told():
    told = []
    history = CycleHistory(lambda *event: told.append(event), marks={"sample": 0.9})
    train(hc.attach(SGD(), lr=hc.Cycle(0.1, 0.5, 5)), epochs=1, callbacks=[history])
    assert told == [("peak", 0, 5), ("sample", 0, 9), ("cycle_end", 0, 10)]
    with pytest.raises(ValueError, match="marks are told through on_event: give CycleHistory"):
        CycleHistory(marks={"sample": 0.9})


def test_a_plain_optimizer():
    with pytest.raises(ValueError, match="CycleHistory found no optimizer that follows a plan"):
        train(SGD(), callbacks=[CycleHistory()])
    with pytest.raises(TypeError, match="on_event must be a function"):
        CycleHistory("cycle_end")


def test_observers_are_told():
    seen = []

    class Observer:
        @hc.hookimpl
        def hypercycle_step(self, step, values, target):
            seen.append((step, values["lr"], type(target).__name__))

    observer = Observer()
    hc.register_plugin(observer)
    try:
        train(hc.attach(SGD(), lr=LR), epochs=1, callbacks=[CycleHistory()])
    finally:
        hc.unregister_plugin(observer)
    assert seen == [(step, LR(step), "CycledSGD") for step in range(13)]


class TestKerassOwnCallbacks:
    def test_reduce_on_plateau(self):
        plateau = keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=1e9, verbose=0)
        optimizer = hc.attach(SGD(), lr=LR)
        model = train(optimizer, epochs=3, callbacks=[plateau])
        # What it assigns is overwritten by the plan, one step later.
        assert model.history.history["learning_rate"] == [
            pytest.approx(LR(step)) for step in (11, 23, 35)
        ]

    def test_learning_rate_scheduler(self):
        scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 7.0)
        optimizer = hc.attach(SGD(), lr=LR)
        train(optimizer, callbacks=[scheduler])
        assert float(optimizer.learning_rate) == pytest.approx(LR(23))

    def test_csv_logger(self, tmp_path):
        path = tmp_path / "log.csv"
        logger = keras.callbacks.CSVLogger(path)
        train(hc.attach(SGD(), PLAN), callbacks=[CycleHistory(), logger])
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert [float(row["momentum"]) for row in rows] == [
            PLAN(11)["momentum"],
            PLAN(23)["momentum"],
        ]

    def test_history(self):
        model = train(hc.attach(SGD(), PLAN), callbacks=[CycleHistory()])
        assert model.history.history["weight_decay"] == [
            PLAN(11)["weight_decay"],
            PLAN(23)["weight_decay"],
        ]

    def test_tensorboard(self, tmp_path):
        pytest.importorskip("tensorflow")  # with which Keras writes the files
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.util.tensor_util import make_ndarray

        board = keras.callbacks.TensorBoard(tmp_path, update_freq="batch")
        train(hc.attach(SGD(), PLAN), callbacks=[CycleHistory(), board])
        reader = EventAccumulator(str(tmp_path / "train"))
        reader.Reload()
        first, last = PLAN(11), PLAN(23)
        names = {"learning_rate": "lr"} | {name: name for name in PLAN}
        for name, own in names.items():
            logged = {
                event.step: float(make_ndarray(event.tensor_proto))
                for event in reader.Tensors(f"epoch_{name}")
            }
            assert logged == pytest.approx({0: first[own], 1: last[own]})


@pytest.mark.skipif(
    not hasattr(keras.optimizers, "MultiOptimizer"), reason="MultiOptimizer came with Keras 3.15"
)
def test_it_asks_which_of_several_optimizers():
    def together():
        first = hc.attach(SGD(0.01, momentum=0.9, name="one"), PLAN)
        other = hc.attach(keras.optimizers.Adam(0.01, name="other"), hc.Plan(lr=LR, beta1=0.8))
        mapped = keras.optimizers.OptimizerMap(first, {".*second/.*": other})
        return keras.optimizers.MultiOptimizer(mapped), other

    with pytest.raises(ValueError, match=r"several optimizers .* follow plans, .*: give"):
        train(together()[0], callbacks=[CycleHistory()])
    optimizer, other = together()
    history = CycleHistory(optimizer=other)
    train(optimizer, callbacks=[history], epochs=1)
    assert sorted(history.values) == ["beta1", "lr"]
    optimizer, other = together()
    both = {one.name: CycleHistory(optimizer=one) for one in optimizers_with_plans(optimizer)}
    logs = train(optimizer, callbacks=list(both.values()), epochs=1).history.history
    last = {
        f"{owner}/{name}": values[-1]
        for owner, history in both.items()
        for name, values in history.values.items()
    }
    assert sorted(last) == ["one/lr", "one/momentum", "one/weight_decay", "other/beta1", "other/lr"]
    assert {name: logs[name][0] for name in logs if "/" in name} == pytest.approx(last)
