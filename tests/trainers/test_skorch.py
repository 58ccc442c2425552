import pickle

import pytest

pytest.importorskip("skorch")

import torch
from digit_updates import BATCHES, OTHER_PLAN, PLAN, digits, of_steps, watch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetClassifier
from skorch.callbacks import Checkpoint, LoadInitState
from skorch.dataset import ValidSplit

import hypercycle as hc
from hypercycle_trainers.skorch import CycleCallback

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("error::hypercycle.MisuseWarning"),
]

IMAGES, LABELS = (part.numpy() for part in digits())


class Watched(NeuralNetClassifier):
    """Notes what each update of its optimizer is made with."""

    def initialize_optimizer(self, *arguments, **keywords):
        super().initialize_optimizer(*arguments, **keywords)
        self.used = watch(self.optimizer_)
        return self


def net(*callbacks, max_epochs=2):
    torch.manual_seed(0)
    return Watched(
        torch.nn.Linear,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=1.0,
        module__in_features=64,
        module__out_features=10,
        batch_size=16,
        max_epochs=max_epochs,
        train_split=None,
        verbose=0,
        callbacks=list(callbacks),
    )


def test_each_update_has_the_values_of_its_step():
    trained = net(CycleCallback(PLAN)).fit(IMAGES, LABELS)
    assert trained.used == of_steps(0, 2 * BATCHES)


def test_fit_begins_anew_and_partial_fit_goes_on():
    trained = net(CycleCallback(PLAN), max_epochs=1).fit(IMAGES, LABELS)
    trained.partial_fit(IMAGES, LABELS)
    assert trained.used == of_steps(0, 2 * BATCHES)
    trained.fit(IMAGES, LABELS)
    assert trained.used == of_steps(0, BATCHES)


def test_a_pickled_net_goes_on():
    trained = net(CycleCallback(PLAN), max_epochs=1).fit(IMAGES, LABELS)
    copy = pickle.loads(pickle.dumps(trained))
    used = watch(copy.optimizer_)
    copy.partial_fit(IMAGES, LABELS)
    assert used == of_steps(BATCHES, 2 * BATCHES)


def saved_in(folder, **keywords):
    return Checkpoint(dirname=folder, monitor=None, **keywords)


def test_a_training_goes_on_from_a_checkpoint_in_mid_cycle(tmp_path):
    net(CycleCallback(PLAN), saved_in(tmp_path), max_epochs=1).fit(IMAGES, LABELS)
    there = saved_in(tmp_path)
    resumed = net(CycleCallback(PLAN), there, LoadInitState(there), max_epochs=1)
    resumed.fit(IMAGES, LABELS)
    assert resumed.used == of_steps(BATCHES, 2 * BATCHES)


def test_a_changed_plan_is_refused_when_a_checkpoint_is_loaded(tmp_path):
    net(CycleCallback(PLAN), saved_in(tmp_path), max_epochs=1).fit(IMAGES, LABELS)
    there = saved_in(tmp_path)
    resumed = net(CycleCallback(OTHER_PLAN), there, LoadInitState(there), max_epochs=1)
    with pytest.raises(ValueError, match=r"lr\.high: saved 0\.01, present 0\.02"):
        resumed.fit(IMAGES, LABELS)


@pytest.mark.parametrize("order", ["CycleCallback last", "optimizer not saved"])
def test_an_epoch_without_the_state_is_refused_unless_the_step_is_told(tmp_path, order):
    lost = {"f_optimizer": None} if order == "optimizer not saved" else {}
    net(CycleCallback(PLAN), saved_in(tmp_path, **lost), max_epochs=1).fit(IMAGES, LABELS)
    there = saved_in(tmp_path, **lost)
    callbacks = [CycleCallback(PLAN), there, LoadInitState(there)]
    resumed = net(*(callbacks if lost else callbacks[::-1]), max_epochs=1)
    with pytest.raises(ValueError, match="1 epochs behind it and its plan none"):
        resumed.fit(IMAGES, LABELS)
    if lost:
        callbacks[0] = CycleCallback(PLAN, options={"start_step": BATCHES})
        told = net(*callbacks[:2], LoadInitState(there), max_epochs=1).fit(IMAGES, LABELS)
        assert told.used == of_steps(BATCHES, 2 * BATCHES)


def test_the_history_has_the_values_of_each_update():
    trained = net(CycleCallback(PLAN)).fit(IMAGES, LABELS)
    rows = [row for epoch in trained.history[:, "batches", :, tuple(PLAN)] for row in epoch]
    assert rows == [tuple(PLAN(step).values()) for step in range(2 * BATCHES)]


def test_validation_batches_are_no_updates():
    trained = net(CycleCallback(PLAN)).set_params(train_split=lambda data, *_, **__: (data, data))
    trained.fit(IMAGES, LABELS)
    assert trained.used == of_steps(0, 2 * BATCHES)
    assert trained.history[0, "valid_batch_count"] == BATCHES
    assert sum("lr" in batch for batch in trained.history[0, "batches"]) == BATCHES


SHARE = hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "25%"))


def test_lengths_are_of_the_batches_of_the_net_unless_told():
    for options, length in (
        (None, 10),
        ({"total_steps": 40, "steps_per_epoch": 20}, 10),
        ({"total_steps": 60}, 15),
    ):
        trained = net(CycleCallback(SHARE, options)).fit(IMAGES, LABELS)
        assert trained.cycler_.plan["lr"].step_size_up == length
    split = net(CycleCallback(SHARE)).set_params(train_split=ValidSplit(2))
    assert split.fit(IMAGES, LABELS).cycler_.plan["lr"].step_size_up == 5


def test_plans_are_cloned_and_searched():
    callback = CycleCallback(SHARE, options={"total_steps": 28})
    assert clone(net(callback)).callbacks[0].options == {"total_steps": 28}
    named = net(("cycle", CycleCallback(SHARE)))
    plans = {"callbacks__cycle__plan": [SHARE, PLAN]}
    search = GridSearchCV(named, plans, cv=2, scoring="neg_log_loss")
    search.fit(IMAGES, LABELS)
    assert search.best_params_["callbacks__cycle__plan"] in (SHARE, PLAN)
    assert set(search.cv_results_["rank_test_score"]) == {1, 2}
