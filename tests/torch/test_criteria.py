"""Range tests of a criterion of (output, target), beside those of a loss of model and batch."""

import functools
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torch_models import snapshot

import hypercycle_torch
from hypercycle_torch.criteria import batch_loss, on_device_of

GENERATOR = torch.Generator().manual_seed(0)
INPUTS = torch.randn(64, 4, generator=GENERATOR)
TARGETS = (INPUTS @ torch.randn(4, 3, generator=GENERATOR)).argmax(dim=1)
PAIRS = list(zip(INPUTS.split(16), TARGETS.split(16), strict=True))


def scene(*others):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    parameters = [p for one in (model, *others) for p in one.parameters()]
    return model, torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


def losses_of(loss, batches=PAIRS, **options):
    model, optimizer = scene()
    options = {"steps": 20, "start": 1e-4, "end": 1.0, "stop_early": False} | options
    return hypercycle_torch.range_test(model, optimizer, loss, batches, **options).losses


def of_batch(model, batch):
    inputs, targets = batch
    return functional.cross_entropy(model(inputs), targets)


def with_other_names(preds, y_true):
    return functional.cross_entropy(preds, y_true)


class Flattened:
    """As fastai's losses: no module, but something to call."""

    def __call__(self, inp, targ, **_):
        return functional.cross_entropy(inp, targ)


CRITERIA = [
    nn.CrossEntropyLoss(),
    functional.cross_entropy,
    functools.partial(functional.cross_entropy, reduction="mean"),
    with_other_names,
    lambda out, y: 1.0 * functional.cross_entropy(out, y),
    lambda yhat, something: 1.0 * functional.cross_entropy(yhat, something),
    Flattened(),
]


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_criterion_gives_the_losses_of_a_loss_of_model_and_batch(criterion):
    expected = losses_of(of_batch)
    np.testing.assert_array_equal(losses_of(criterion), expected)
    np.testing.assert_array_equal(losses_of(criterion, [list(pair) for pair in PAIRS]), expected)


class OfModel(nn.Module):
    """A module that is no criterion."""

    def forward(self, model, batch):
        return of_batch(model, batch)


@pytest.mark.parametrize(
    "loss",
    [
        OfModel(),
        functools.partial(of_batch),
        lambda m, y: 1.0 * of_batch(m, y),
        lambda net, y: 1.0 * of_batch(net, y),
        lambda something, batch: 1.0 * of_batch(something, batch),
        lambda *both: 1.0 * of_batch(*both),
    ],
)
def test_a_loss_of_model_and_batch_is_one_whatever_it_is_made_of(loss):
    assert batch_loss(loss).signature == "loss(model, batch)"
    np.testing.assert_array_equal(losses_of(loss), losses_of(of_batch))


class Scaled(nn.Module):
    """A criterion with a weight that is trained, a buffer, and a flag."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, output, target):
        self.seen += len(target)
        return self.weight * functional.cross_entropy(output, target)


def test_a_criterion_of_its_own_weights_is_put_back_too():
    criterion = Scaled()
    model, optimizer = scene(criterion)
    before = snapshot(optimizer)
    seen = []
    hypercycle_torch.range_test(
        model,
        optimizer,
        criterion,
        PAIRS,
        steps=12,
        end=0.1,
        metrics={"weight": lambda _: seen.append(criterion.weight.item()) or 0.0},
    )
    assert seen[0] != 1.0
    assert (criterion.weight.item(), criterion.seen.item(), criterion.weight.grad) == (1, 0, None)
    assert snapshot(optimizer) == before


def test_what_is_in_a_batch_goes_to_the_device_of_the_model():
    class Text(dict):
        """As the batches of tokenizers."""

        def to(self, device):
            return {key: value.to(device) for key, value in self.items()}

    model = nn.Linear(4, 1, device="meta")
    ones = torch.ones(2)
    moved = on_device_of(model, (ones, {"a": [ones, 3, "text"]}, Text(b=ones), (ones, None)))
    assert moved[0].device.type == moved[2]["b"].device.type == moved[3][0].device.type == "meta"
    (tensor, *others) = moved[1]["a"]
    assert tensor.device.type == "meta"
    assert [others, moved[3][1]] == [[3, "text"], None]
    assert on_device_of(nn.ReLU(), ones) is ones


# What is refused, and what a wrong call says.


@pytest.mark.parametrize(
    ("loss", "batches", "message"),
    [
        (nn.CrossEntropyLoss, PAIRS, "loss is the class CrossEntropyLoss: make one of it"),
        (
            nn.CrossEntropyLoss(),
            [{"inputs": INPUTS}],
            (
                "a criterion of (output, target) needs batches that are pairs (input, target), got "
                "a dict: write a function loss(model, batch) instead"
            ),
        ),
        (
            functional.cross_entropy,
            [(INPUTS, INPUTS, TARGETS)],
            "(input, target), got a tuple of 3",
        ),
        (functional.cross_entropy, [INPUTS], "that are pairs (input, target), got a Tensor: write"),
        (lambda output, target: 0.5, PAIRS, "loss(output, target) must return a tensor, got 0.5"),
    ],
)
def test_what_is_no_criterion_or_not_for_it_is_refused(loss, batches, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        losses_of(loss, batches)


def test_a_criterion_that_gives_a_loss_for_each_sample_is_refused():
    message = "loss(output, target) must return one number, such as the mean over the batch"
    with pytest.raises(ValueError, match=re.escape(message)):
        losses_of(nn.CrossEntropyLoss(reduction="none"))


@pytest.mark.parametrize(
    ("loss", "note"),
    [
        (
            lambda a, b: 1.0 * functional.cross_entropy(a, b),
            (
                "<lambda> was called as loss(model, batch). A criterion of (output, target) may be "
                "given too: a torch.nn.Module, a function of torch.nn.functional, or one whose "
                "parameters are called output and target"
            ),
        ),
        (
            lambda output, target, weight: output,
            (
                "<lambda> was called as loss(model(input), target), with each batch an (input, "
                "target); for anything else write a function loss(model, batch)"
            ),
        ),
        (
            lambda output, target: output.logits,
            (
                "<lambda> was called as loss(model(input), target), with each batch an (input, "
                "target); for anything else write a function loss(model, batch)"
            ),
        ),
    ],
)
def test_an_error_of_a_wrong_call_says_how_it_was_called(loss, note):
    with pytest.raises((TypeError, AttributeError)) as caught:
        losses_of(loss)
    assert caught.value.__notes__ == [note]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("steps", [100, 300])
def test_a_loss_that_falls_a_hundredfold_has_bounds(seed, shuffle, steps):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(128, 8, generator=generator)
    noise = 0.1 * torch.randn(128, 1, generator=generator)
    data = TensorDataset(inputs, inputs @ torch.randn(8, 1, generator=generator) + noise)
    torch.manual_seed(seed)
    model = nn.Linear(8, 1)
    test = hypercycle_torch.range_test(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        nn.MSELoss(),
        DataLoader(data, batch_size=16, shuffle=shuffle),
        start=1e-5,
        end=10.0,
        steps=steps,
    )
    bounds = test.bounds()
    assert bounds, bounds
    # Gradient descent on these inputs is stable up to about 2 / λ ≈ 0.5.
    assert 1e-4 < bounds.low < bounds.high < 0.5
