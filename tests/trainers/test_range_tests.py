"""The range tests of docs/trainers.md, and that their losses are those of a loop by hand."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from pages import blocks
from torch import nn

import hypercycle_torch

# What the trainers warn of is theirs.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

PAGE = (Path(__file__).parents[2] / "docs" / "trainers.md").read_text(encoding="utf-8")
BEGINNING = PAGE.split("\n## ")[0]
SECTIONS = dict(
    re.findall(r"^### A range test in (\w+)\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE)
)
VALUES = np.geomspace(1e-6, 0.1, 40)


def by_hand(model, loss_of, batches, weight_decay):
    """Return the losses of a plain loop with AdamW over these rates."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=weight_decay)
    losses = []
    for rate, batch in zip(VALUES, [*batches, *batches], strict=True):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def in_lightning(shown):
    module = shown["module"]
    return module, module.configure_optimizers(), shown["loss"], shown["loader"]


def in_transformers(shown):
    batches = [{"inputs": inputs, "labels": labels} for inputs, labels in shown["loader"]]
    trainer = shown["trainer"]  # whose own loader shuffles
    return trainer.model, trainer.create_optimizer(), trainer.compute_loss, batches


def in_accelerate(shown):
    return shown["model"], shown["optimizer"], nn.CrossEntropyLoss(), shown["batches"]


def in_fastai(shown):
    from fastai.optimizer import OptimWrapper

    learn = shown["learn"]
    optimizer = OptimWrapper(learn.model.parameters(), torch.optim.AdamW)
    return learn.model, optimizer, learn.loss_func, shown["loader"]


@pytest.mark.parametrize(
    ("title", "arguments_of", "weight_decay"),
    [
        ("Lightning", in_lightning, 0.01),
        ("Transformers", in_transformers, 0.0),
        ("Accelerate", in_accelerate, 0.01),
        ("fastai", in_fastai, 0.01),
    ],
)
def test_a_range_test_in_a_trainer(title, arguments_of, weight_decay, tmp_path, monkeypatch):
    if find_spec(title.lower()) is None:
        pytest.skip(f"{title.lower()} is not installed: make test-trainers")
    monkeypatch.chdir(tmp_path)
    texts = [text for part in (BEGINNING, SECTIONS[title]) for _, text in blocks(part, "python")]
    shown = {"__name__": "shown"}
    torch.manual_seed(0)
    exec(compile("\n".join(texts), title, "exec"), shown)
    assert shown["range_test"].bounds()

    model, optimizer, loss, batches = arguments_of(shown)
    before = [parameter.tolist() for parameter in model.parameters()]
    options = {"start": VALUES[0], "end": VALUES[-1], "steps": len(VALUES), "stop_early": False}
    test = hypercycle_torch.range_test(model, optimizer, loss, batches, **options)
    assert [parameter.tolist() for parameter in model.parameters()] == before
    inside = getattr(model, "model", model)
    expected = by_hand(inside, shown["loss_of"], shown["loader"], weight_decay)
    np.testing.assert_allclose(test.losses, expected, rtol=1e-5)  # some optimizers are fused
    assert test.losses[-1] < 0.5 * test.losses[0]
