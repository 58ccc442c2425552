import pytest
import torch

pytest.importorskip("transformers")

from digit_updates import (
    BATCHES,
    OTHER_PLAN,
    PLAN,
    adamw,
    digits,
    network,
    of_steps,
    watch,
)
from torch import nn
from transformers import Trainer, TrainerCallback, TrainingArguments

import hypercycle as hc
from hypercycle_trainers.transformers import CycleMixin

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("error::hypercycle.MisuseWarning"),
]


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = network()

    def forward(self, images, labels):
        logits = self.network(images)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class CycledTrainer(CycleMixin, Trainer):
    used = None

    def create_optimizer(self, model=None):
        optimizer = super().create_optimizer(model)
        if self.used is None:
            self.used = watch(optimizer)
        return optimizer


class Reports(TrainerCallback):
    """Stands for TensorBoard's and the like, which come before callbacks of the user's."""

    def __init__(self):
        self.rows = []

    def on_log(self, args, state, control, logs, **_):
        if "learning_rate" in logs:
            self.rows.append((state.global_step - 1, dict(logs)))


def trainer(
    folder, plan=PLAN, *, attach_options=None, callbacks=None, optimizers=(None, None), **keywords
):
    arguments = {
        "output_dir": folder,
        "num_train_epochs": 2,
        "per_device_train_batch_size": 16,
        "use_cpu": True,
        "report_to": "none",
        "disable_tqdm": True,
        "save_strategy": "no",
        "logging_steps": 5,
        "dataloader_pin_memory": False,
    }
    images, labels = digits()
    return CycledTrainer(
        Digits(),
        TrainingArguments(**arguments | keywords),
        train_dataset=[
            {"images": image, "labels": label} for image, label in zip(images, labels, strict=True)
        ],
        plan=plan,
        attach_options=attach_options,
        callbacks=callbacks,
        optimizers=optimizers,
    )


@pytest.mark.parametrize(
    ("keywords", "updates"),
    [
        ({}, 2 * BATCHES),
        ({"gradient_accumulation_steps": 3}, 14),
        ({"bf16": True, "max_grad_norm": 1.0}, 2 * BATCHES),
        ({"lr_scheduler_type": "cosine", "warmup_steps": 5}, 2 * BATCHES),
        ({"max_steps": 7}, 7),
    ],
)
def test_each_update_has_the_values_of_its_step(tmp_path, keywords, updates):
    training = trainer(tmp_path, **keywords)
    training.train()
    assert training.used == of_steps(0, updates)


def test_a_training_goes_on_from_a_checkpoint_in_mid_cycle(tmp_path):
    whole = trainer(tmp_path, save_strategy="steps", save_steps=11)
    whole.train()
    resumed = trainer(tmp_path)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-11"))
    assert resumed.used == of_steps(11, 2 * BATCHES)
    weights = [training.model.network.weight for training in (whole, resumed)]
    assert torch.equal(*weights)


def test_a_changed_plan_is_refused_when_a_checkpoint_is_loaded(tmp_path):
    trainer(tmp_path, save_strategy="steps", save_steps=11).train()
    with pytest.raises(ValueError, match=r"lr\.high: saved 0\.01, present 0\.02"):
        trainer(tmp_path, OTHER_PLAN).train(resume_from_checkpoint=str(tmp_path / "checkpoint-11"))


def test_a_second_training_begins_anew(tmp_path):
    training = trainer(tmp_path, max_steps=7)
    training.train()
    training.train()
    assert training.used == of_steps(0, 7) * 2


def test_a_second_training_multiplies_what_the_first_one_did(tmp_path):
    factors = hc.Plan(lr=hc.Cycle(0.5, 2.0, 7))
    options = {"attach_options": {"relative": True}, "learning_rate": 0.01}
    training = trainer(tmp_path, factors, max_steps=5, **options)
    training.train()
    training.train()
    used = [values["lr"] for values in training.used]
    assert used == [0.01 * factors(step)["lr"] for step in range(5)] * 2


def test_history_and_reports_have_the_values_of_the_update(tmp_path):
    reports = Reports()
    training = trainer(tmp_path, callbacks=[reports])
    training.train()
    assert [step for step, _ in reports.rows] == list(range(4, 2 * BATCHES, 5))
    for step, row in reports.rows:
        assert {name: row[name] for name in PLAN} == dict(PLAN(step))
        assert row["learning_rate"] == row["lr"]
    history = [row for row in training.state.log_history if "learning_rate" in row]
    assert [row["momentum"] for row in history] == [row["momentum"] for _, row in reports.rows]


def test_lengths_are_of_the_updates_of_the_trainer(tmp_path):
    share = hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "50%"))
    training = trainer(tmp_path, share, gradient_accumulation_steps=2)
    training.train()
    assert training.lr_scheduler.plan["lr"].step_size_up == 10
    epochs = hc.Plan(lr=hc.Cycle(1e-3, 1e-2, "1ep"))
    training = trainer(tmp_path, epochs, attach_options={"steps_per_epoch": BATCHES})
    training.train()
    assert training.lr_scheduler.plan["lr"].step_size_up == BATCHES


def test_groups_with_a_decay_of_their_own_are_kept_by_a_plan_of_factors(tmp_path):
    decay = {"weight_decay": 0.01}  # of weights, not of biases: two groups
    with pytest.raises(ValueError, match="weight_decay"):
        trainer(tmp_path, **decay).train()
    factors = hc.Plan(weight_decay=hc.Cycle(0.5, 2.0, 7))
    training = trainer(tmp_path, factors, attach_options={"relative": True}, **decay)
    training.train()
    used = [values["weight_decay"] for values in training.used]
    assert used == [0.01 * factors(step)["weight_decay"] for step in range(2 * BATCHES)]


def test_a_scheduler_beside_it_is_refused(tmp_path):
    optimizer = adamw(network())
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer)
    with pytest.raises(ValueError, match="is given a ConstantLR, which would drive"):
        trainer(tmp_path, optimizers=(optimizer, scheduler))
