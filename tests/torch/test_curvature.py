"""The sharpness of a loss, against the exact Hessian and against training itself."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.functional import hessian
from torch.func import functional_call

from hypercycle_torch import Sharpness, sharpness

CURVATURES = torch.tensor([0.5, 2.0, 8.0])


def quadratic(model, curvatures=CURVATURES):
    return (curvatures * model.weight.square()).sum() / 2


def line(*weights):
    model = nn.Linear(len(weights), 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([weights]))
    return model


def mlp(*layers):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), *layers, nn.Linear(6, 3))


def labelled(count, size=10):
    generator = torch.Generator().manual_seed(1)
    return [
        (
            torch.randn(size, 4, generator=generator),
            torch.randint(3, (size,), generator=generator),
        )
        for _ in range(count)
    ]


def exact_eigenvalues(model, loss, batches):
    """Return the eigenvalues of the whole Hessian, by another way through PyTorch."""
    names = [name for name, one in model.named_parameters() if one.requires_grad]
    shapes = [model.get_parameter(name).shape for name in names]

    def of_vector(vector):
        parts = vector.split([shape.numel() for shape in shapes])
        own = {n: p.reshape(s) for n, p, s in zip(names, parts, shapes, strict=True)}
        losses = [loss(functional_call(model, own, x), y) for x, y in batches]
        return sum(losses) / len(losses)

    vector = torch.cat([model.get_parameter(name).detach().flatten() for name in names])
    return np.linalg.eigvalsh(hessian(of_vector, vector).numpy())


@pytest.mark.parametrize("factor", [1.0, -1.0], ids=["convex side", "negative side"])
def test_it_is_the_largest_eigenvalue_of_the_exact_hessian(factor):
    batches = labelled(3)
    model = mlp().double()
    batches = [(x.double(), y) for x, y in batches]

    def criterion(output, target):
        return factor * nn.functional.cross_entropy(output, target)

    exact = exact_eigenvalues(model, criterion, batches)
    found = sharpness(model, criterion, batches, tolerance=1e-4)
    assert found.converged
    # The other way round, the largest of either sign is negative and must not be taken for it.
    assert (abs(exact[0]) > abs(exact[-1])) == (factor < 0)
    np.testing.assert_allclose(found.eigenvalue, exact[-1], rtol=1e-5)
    assert found.products < len(exact) / 2


def test_frozen_parameters_are_constants():
    model, batches = mlp(), labelled(2)
    model[0].requires_grad_(requires_grad=False)
    exact = exact_eigenvalues(model, nn.functional.cross_entropy, batches)[-1]
    found = sharpness(model, nn.CrossEntropyLoss(), batches, tolerance=1e-3)
    np.testing.assert_allclose(found.eigenvalue, exact, rtol=1e-4)


def test_only_the_first_batches_count():
    model, batches = mlp(), labelled(4)
    few = sharpness(model, nn.CrossEntropyLoss(), batches, count=2)
    assert few == sharpness(model, nn.CrossEntropyLoss(), batches[:2])
    assert few != sharpness(model, nn.CrossEntropyLoss(), batches)


def test_dropout_is_the_same_in_all_products():
    model, batches = mlp(nn.Dropout(0.5)), labelled(2)
    found = sharpness(model, nn.CrossEntropyLoss(), batches, tolerance=1e-4)
    assert found.converged  # no vector is an eigenvector of several matrices


@pytest.mark.parametrize(
    "settings",
    [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    ids=["plain", "momentum", "nesterov"],
)
def test_sgd_descends_below_the_maximal_rate_and_diverges_above(settings):
    found = sharpness(line(1.0, 1.0, 1.0), quadratic, [CURVATURES])
    finals = []
    for part in (0.9, 1.1):
        model = line(1.0, 1.0, 1.0).double()  # what diverges is to stay finite
        made = torch.optim.SGD(model.parameters(), part * found.max_lr(**settings), **settings)
        for _ in range(200):
            made.zero_grad()
            quadratic(model).backward()
            made.step()
        finals.append(quadratic(model).item())
    assert finals[0] < 1e-3 * quadratic(line(1.0, 1.0, 1.0)).item()
    assert finals[1] > 1e3 * quadratic(line(1.0, 1.0, 1.0)).item()


def test_a_loss_that_curves_nowhere_upwards_sets_no_limit():
    linear = sharpness(mlp()[0], lambda model, batch: model(batch).mean(), [torch.ones(2, 4)])
    assert (linear.eigenvalue, linear.converged, linear.max_lr()) == (0.0, True, math.inf)
    bowl = sharpness(line(1.0, 1.0, 1.0), quadratic, [-CURVATURES])
    np.testing.assert_allclose(bowl.eigenvalue, -0.5, rtol=1e-4)
    assert bowl.max_lr(0.9) == math.inf
    assert "no direction curves upwards" in str(bowl)


def test_what_has_not_converged_says_so():
    found = sharpness(mlp(), nn.CrossEntropyLoss(), labelled(2), most_products=1)
    assert not found.converged
    assert found.products == 1
    assert f"NOT CONVERGED: ± {found.residual:.2g}" in str(found)


def test_printed():
    assert str(Sharpness(8.0, 0.01, 12, converged=True)) == (
        "largest eigenvalue of the Hessian 8 (12 products): plain gradient descent diverges there "
        "from a rate of 0.25 on"
    )


def test_attention_is_differentiated_twice():
    torch.manual_seed(0)
    model = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
    batch = torch.randn(2, 5, 8)
    found = sharpness(model, lambda model, batch: model(batch)[:, 0, 0].square().mean(), [batch])
    assert found.eigenvalue > 0.0


class Once(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.square()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, slope):
        return 2 * context.saved_tensors[0] * slope


def test_what_cannot_be_differentiated_twice_is_refused():
    expected = r"cannot be differentiated twice: a function is marked with @once_differentiable"
    with pytest.raises(ValueError, match=expected):
        sharpness(line(1.0), lambda model, batch: Once.apply(model.weight).square().sum(), [0])


def test_operations_without_a_second_derivative_are_refused():
    def loss(model, batch):
        return torch.cdist(model.weight.reshape(2, 2), torch.ones(3, 2)).square().sum()

    with pytest.raises(ValueError, match=r"differentiated twice: .*'_cdist_backward' is not impl"):
        sharpness(line(1.0, 2.0, 3.0, 4.0), loss, [0])


def test_other_errors_of_the_model_stay_as_they_are():
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        sharpness(mlp(), nn.CrossEntropyLoss(), [(torch.ones(2, 5), torch.zeros(2).long())])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"count": 0}, ValueError, "count must be at least 1"),
        ({"most_products": 0}, ValueError, "most_products must be at least 1"),
        ({"tolerance": 0.0}, ValueError, r"tolerance must be between 0 and 1, got 0\.0"),
    ],
)
def test_bad_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        sharpness(line(1.0, 1.0, 1.0), quadratic, [CURVATURES], **options)


def test_a_momentum_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\), got 1"):
        Sharpness(1.0, 0.0, 1, converged=True).max_lr(1)
