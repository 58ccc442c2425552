import csv
from pathlib import Path

import pytest
import torch

lightning = pytest.importorskip("lightning")

from digit_updates import (  # noqa: E402
    BATCHES,
    OTHER_PLAN,
    PLAN,
    adamw,
    digits,
    loader,
    network,
    of_steps,
    watch,
)
from lightning.pytorch.callbacks import (  # noqa: E402
    GradientAccumulationScheduler,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import CSVLogger  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402
from torch.utils.data import DataLoader, IterableDataset  # noqa: E402

import hypercycle as hc  # noqa: E402
from hypercycle_trainers.lightning import CycleCallback  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("error::hypercycle.MisuseWarning"),
    # Lightning's own, with PyTorch 2.13
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
    # What it thinks of these trainings, which are small, on the CPU and resumed in mid-epoch
    pytest.mark.filterwarnings("ignore::UserWarning:lightning"),
]


class Digits(lightning.LightningModule):
    """A network and its optimizer; nothing of hypercycle."""

    def __init__(self):
        super().__init__()
        self.network = network()

    def training_step(self, batch):
        images, labels = batch
        loss = cross_entropy(self.network(images), labels)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        optimizer = adamw(self)
        self.used = watch(optimizer)
        return optimizer


class WithScheduler(Digits):
    def configure_optimizers(self):
        optimizer = super().configure_optimizers()
        return [optimizer], [torch.optim.lr_scheduler.ConstantLR(optimizer)]


class AttachesItself(Digits):
    def configure_optimizers(self):
        optimizer = super().configure_optimizers()
        hc.attach(optimizer, PLAN, advance="optimizer")
        return optimizer


class TwoOptimizers(Digits):
    """Trains by hand, the second network half as often."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.second = network()

    def configure_optimizers(self):
        first, second = adamw(self.network), adamw(self.second)
        self.used, self.used_by_second = watch(first), watch(second)
        return first, second

    def training_step(self, batch, index):
        images, labels = batch
        pairs = zip(self.optimizers(), (self.network, self.second), strict=True)
        for number, (optimizer, part) in enumerate(pairs):
            if index % (number + 1) == 0:
                optimizer.zero_grad()
                self.manual_backward(cross_entropy(part(images), labels))
                optimizer.step()


def fit(module, *callbacks, ckpt_path=None, data=None, **keywords):
    trainer = lightning.Trainer(
        **{
            "max_epochs": 2,
            "accelerator": "cpu",
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": any(isinstance(c, ModelCheckpoint) for c in callbacks),
            "logger": False,
            "callbacks": list(callbacks),
        }
        | keywords
    )
    trainer.fit(module, loader() if data is None else data, ckpt_path=ckpt_path)
    return trainer


@pytest.fixture
def checkpoint(tmp_path):
    """Of a training that was saved after 11 updates, in mid-epoch and in mid-cycle."""
    saving = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=11, save_top_k=-1)
    fit(Digits(), CycleCallback(PLAN), saving)
    return tmp_path / "step=11.ckpt"


@pytest.mark.parametrize(
    ("keywords", "updates"),
    [
        ({}, 2 * BATCHES),
        ({"accumulate_grad_batches": 3}, 14),  # the last batches of an epoch are two
        ({"precision": "bf16-mixed"}, 2 * BATCHES),
        ({"max_epochs": 1, "limit_train_batches": 5}, 5),
    ],
)
def test_each_update_has_the_values_of_its_step(keywords, updates):
    module = Digits()
    fit(module, CycleCallback(PLAN), **keywords)
    assert module.used == of_steps(0, updates)


def test_a_training_goes_on_from_a_checkpoint_in_mid_cycle(checkpoint):
    module = Digits()
    fit(module, CycleCallback(PLAN), ckpt_path=checkpoint)
    assert module.used == of_steps(11, 2 * BATCHES)


def test_the_weights_of_a_resumed_training_are_those_of_one_that_ran_on(tmp_path):
    whole, resumed = Digits(), Digits()
    # At the end of an epoch: in the middle of one, Lightning begins the data anew.
    saving = ModelCheckpoint(tmp_path, filename="{epoch}", save_top_k=-1)
    fit(whole, CycleCallback(PLAN), saving)
    fit(resumed, CycleCallback(PLAN), ckpt_path=tmp_path / "epoch=0.ckpt")
    assert resumed.used == of_steps(BATCHES, 2 * BATCHES)
    assert torch.equal(whole.network.weight, resumed.network.weight)


# pytest.warns() hands on what else is said without its module
@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
@pytest.mark.filterwarnings("ignore:You're resuming from a checkpoint that ended before the epoch")
def test_a_changed_plan_is_refused_when_a_checkpoint_is_loaded(checkpoint):
    with pytest.raises(ValueError, match=r"lr\.high: saved 0\.01, present 0\.02"):
        fit(Digits(), CycleCallback(OTHER_PLAN), ckpt_path=checkpoint)
    module = Digits()
    with pytest.warns(UserWarning, match="going on with the current schedules"):
        fit(module, CycleCallback(OTHER_PLAN, on_mismatch="current"), ckpt_path=checkpoint)
    assert module.used == of_steps(11, 2 * BATCHES, OTHER_PLAN)


def test_a_module_that_attaches_itself_goes_on_too(tmp_path):
    saving = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=11, save_top_k=-1)
    fit(AttachesItself(), saving)
    module = AttachesItself()
    fit(module, ckpt_path=tmp_path / "step=11.ckpt")
    assert module.used == of_steps(11, 2 * BATCHES)


def test_a_checkpoint_without_its_state_is_refused_unless_the_step_is_told(tmp_path):
    saving = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=11, save_top_k=-1)
    fit(Digits(), saving)
    path = tmp_path / "step=11.ckpt"
    with pytest.raises(ValueError, match="goes on at update 11, but the checkpoint has no state"):
        fit(Digits(), CycleCallback(PLAN), ckpt_path=path)
    module = Digits()
    fit(module, CycleCallback(PLAN, start_step=11), ckpt_path=path)
    assert module.used == of_steps(11, 2 * BATCHES)


def test_fitting_once_more_goes_on_and_a_new_trainer_begins_anew():
    module, callback = Digits(), CycleCallback(PLAN)
    trainer = fit(module, callback, max_epochs=1)
    trainer.fit_loop.max_epochs = 2
    trainer.fit(module, loader())
    assert module.used == of_steps(BATCHES, 2 * BATCHES)
    fit(module, callback, max_epochs=1)
    assert module.used == of_steps(0, BATCHES)


def test_lengths_are_of_the_updates_of_the_trainer():
    share, epochs = hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "30%")), hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "1ep"))
    for plan, length in ((share, 4), (epochs, 7)):  # of 14 updates, 7 in an epoch
        callback = CycleCallback(plan)
        fit(Digits(), callback, accumulate_grad_batches=3)
        assert callback.cycler.plan["lr"].step_size_up == length


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield from zip(*digits(), strict=True)


def test_data_without_end_have_the_steps_of_the_trainer_and_no_epochs():
    data, share = DataLoader(Endless(), batch_size=16), hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "25%"))
    callback = CycleCallback(share)
    fit(Digits(), callback, data=data, max_steps=12, max_epochs=-1)
    assert callback.cycler.plan["lr"].step_size_up == 3
    with pytest.raises(ValueError, match="steps_per_epoch"):
        fit(
            Digits(),
            CycleCallback(hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "1ep"))),
            data=data,
            max_steps=12,
            max_epochs=-1,
        )


def test_accumulation_that_changes_needs_lengths_of_who_asks_for_them():
    def changing():
        return GradientAccumulationScheduler({0: 2, 1: 4})

    module = Digits()
    fit(module, changing(), CycleCallback(PLAN))
    assert module.used == of_steps(0, 15)
    callback = CycleCallback(
        hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "40%")), total_steps=15, steps_per_epoch=10
    )
    fit(Digits(), changing(), callback)
    assert callback.cycler.plan["lr"].step_size_up == 6


def test_all_loggers_get_the_values_of_the_update(tmp_path):
    loggers = [CSVLogger(tmp_path, name=name) for name in ("a", "b")]
    trainer = fit(Digits(), CycleCallback(PLAN), logger=loggers, log_every_n_steps=5)
    for logger in loggers:
        text = Path(logger.log_dir, "metrics.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        assert [int(row["step"]) for row in rows] == list(range(4, 2 * BATCHES, 5))
        for row in rows:
            logged = {name: float(row[name]) for name in PLAN}
            assert logged == dict(PLAN(int(row["step"])))
    assert float(trainer.callback_metrics["lr"]) == PLAN(2 * BATCHES - 1)["lr"]


def test_two_optimizers_have_a_plan_each_in_one_checkpoint_and_one_log(tmp_path):
    def callbacks():
        return (
            CycleCallback(PLAN),
            CycleCallback(OTHER_PLAN, optimizer=1, prefix="second/"),
            ModelCheckpoint(tmp_path, filename="{epoch}", save_top_k=-1),
        )

    module = TwoOptimizers()
    trainer = fit(module, *callbacks())
    assert module.used == of_steps(0, 2 * BATCHES)
    assert module.used_by_second == of_steps(0, BATCHES, OTHER_PLAN)
    assert float(trainer.callback_metrics["second/lr"]) == OTHER_PLAN(BATCHES - 1)["lr"]
    resumed = TwoOptimizers()
    fit(resumed, *callbacks(), ckpt_path=tmp_path / "epoch=0.ckpt")
    assert resumed.used == of_steps(BATCHES, 2 * BATCHES)
    assert resumed.used_by_second == of_steps(BATCHES // 2, BATCHES, OTHER_PLAN)


def test_a_scheduler_of_the_module_is_refused_where_both_drive_the_learning_rate():
    with pytest.raises(ValueError, match="returns a ConstantLR, which drives the learning rate"):
        fit(WithScheduler(), CycleCallback(PLAN))
    fit(WithScheduler(), CycleCallback({"weight_decay": PLAN["weight_decay"]}), max_epochs=1)
