"""Gradients that change nothing: what sharpness and noise scale leave behind, what they refuse."""

import random
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from hypercycle_torch import gradient_noise_scale, sharpness

BOTH = pytest.mark.parametrize("measure", [sharpness, gradient_noise_scale])


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.3), nn.Linear(5, 1))


def loader(**options):
    generator = torch.Generator().manual_seed(0)
    data = TensorDataset(
        torch.randn(40, 4, generator=generator), torch.randn(40, 1, generator=generator)
    )
    return DataLoader(data, 8, shuffle=True, **options)


def seen(model):
    """Return all of a model that a pass may change, and the random states."""
    tensors = [one.clone() for one in model.state_dict().values()]
    gradients = [one.grad if one.grad is None else one.grad.clone() for one in model.parameters()]
    return (
        tensors,
        gradients,
        [one.training for one in model.modules()],
        torch.get_rng_state(),
        random.getstate(),
        np.random.get_state()[1].copy(),  # noqa: NPY002  (the user's global one)
    )


def assert_equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, (list, tuple)):
        for first, second in zip(one, other, strict=True):
            assert_equal(first, second)
    else:
        assert np.array_equal(one, other)


@BOTH
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_nothing_has_happened(measure, training, fails):
    model, generator = network().train(training), torch.Generator().manual_seed(5)
    first, *_, last = model.parameters()
    first.grad = torch.ones_like(first)
    gradient, order = first.grad, generator.get_state()
    batches = loader(generator=generator)
    before = seen(model)
    passes = []

    def loss(model, batch):
        assert model.training
        random.random()
        np.random.random()  # noqa: NPY002
        passes.append(batch)
        if fails and len(passes) > 3:
            raise RuntimeError("of the user")
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    if fails:
        with pytest.raises(RuntimeError, match="of the user"):
            measure(model, loss, batches)
    else:
        measure(model, loss, batches)
    assert len(passes) > 3
    assert_equal(seen(model), before)
    assert first.grad is gradient
    assert last.grad is None
    assert torch.equal(generator.get_state(), order)


@BOTH
def test_it_gives_the_same_again(measure):
    model, batches = network(), loader()
    assert measure(model, nn.MSELoss(), batches) == measure(model, nn.MSELoss(), batches)


@BOTH
def test_it_works_where_gradients_are_off(measure):
    with torch.no_grad():
        found = measure(network(), nn.MSELoss(), loader())
    assert found == measure(network(), nn.MSELoss(), loader())


@BOTH
def test_checkpointed_parts_count(measure):
    model, batches = nn.Linear(4, 1), loader()

    def loss(model, batch, **options):
        outputs = checkpoint(model, batch[0].requires_grad_(), **options)
        return (outputs - batch[1]).square().mean()

    found = measure(model, partial(loss, use_reentrant=False), batches)
    assert found == measure(model, nn.MSELoss(), batches)
    with pytest.raises(ValueError, match=r"call torch\.utils\.checkpoint with use_reentrant=False"):
        measure(model, partial(loss, use_reentrant=True), batches)


def frozen():
    return network().requires_grad_(requires_grad=False)


@BOTH
@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ((None, nn.MSELoss(), []), TypeError, "model must be a torch.nn.Module, got None"),
        ((network(), 3, []), TypeError, "loss must be a function"),
        ((frozen(), nn.MSELoss(), []), ValueError, "no parameter of the model needs a gradient"),
        ((network(), nn.MSELoss(), []), ValueError, "batches is empty"),
        ((network(), nn.MSELoss(), iter([1])), TypeError, "must give new batches each time"),
        ((network(), nn.MSELoss(), 5), TypeError, "batches must be a loader, a list or another"),
        (
            (network(), nn.MSELoss(reduction="none"), loader()),
            ValueError,
            r"loss\(output, target\) must return one number",
        ),
        (
            (network(), lambda model, batch: np.nan * model(batch[0]).mean(), loader()),
            ValueError,
            "the loss of a batch is nan: it has no gradient",
        ),
        (
            (network(), lambda model, batch: model(batch[0]).mean().detach(), loader()),
            ValueError,
            "returned a tensor without a gradient",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(measure, asked, error, message):
    with pytest.raises(error, match=message):
        measure(*asked)
