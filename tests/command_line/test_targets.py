"""``--for``: optimizers by their dotted names."""

import sys
from pathlib import Path

import pytest

import hypercycle as hc
from hypercycle.command_line.errors import Failure
from hypercycle.command_line.targets import maker_of, refusals
from hypercycle.numbers.lengths import Units

PLAN = hc.Plan(lr=hc.Cycle(1e-4, 1e-2, "4ep"), momentum=hc.Cycle(0.85, 0.95, "40%"))


def refused(plan, target):
    found = refusals(plan, maker_of(target), Units())
    assert {one.severity for one in found} <= {"error"}
    return [f"{one.where}: {one.what}" for one in found]


def failure(target):
    with pytest.raises(Failure) as caught:
        maker_of(target)
    return caught.value.message


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "NAdam", "RMSprop", "RAdam", "Adamax"])
def test_optimizers_of_torch_take_what_they_have(name):
    pytest.importorskip("torch")
    target = f"torch.optim.{name}"
    assert refused(PLAN, target) == []
    values = hc.Plan(lr=-0.1, weight_decay=hc.Groups({"a": hc.Ramp(0.1, -0.1, 9), "b": None}))
    lines = refused(values, target)
    assert lines[0].startswith(f"lr: lr (lr of {name}) accepts values in [0, inf), its schedule")
    assert lines[1].startswith("weight_decay.groups.a: weight_decay (")
    assert len(lines) == 2


def test_every_optimizer_of_torch_can_be_asked():
    torch = pytest.importorskip("torch")
    for name in dir(torch.optim):
        one = getattr(torch.optim, name)
        if isinstance(one, type) and name != "Optimizer" and hasattr(one, "step"):
            maker_of(f"torch.optim.{name}")("lr")


def test_betas_are_below_one_and_two_names_of_one_hyperparameter_are_told():
    pytest.importorskip("torch")
    (line,) = refused(hc.Plan(lr=0.1, beta2=1.0), "torch.optim.AdamW")
    assert "accepts values in [0, 1), its schedule gives 1.0" in line
    (line,) = refused(hc.Plan(momentum=0.9, beta1=0.9), "torch.optim.AdamW")
    assert line.startswith("momentum, beta1: 'momentum' and 'beta1' are the same hyperparameter")


def test_an_optimizer_of_ones_own_in_the_present_folder(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("own_optimizer.py").write_text(
        "import torch\n"
        "class Own(torch.optim.SGD):\n"
        "    def __init__(self, params, lr, width=1.0):\n"
        "        super().__init__(params, lr=lr)\n"
        "class Two(torch.optim.SGD):\n"
        "    def __init__(self, params, first):\n"
        "        raise RuntimeError(first)\n"
    )
    assert refused(hc.Plan(lr=0.1), "own_optimizer.Own") == []
    assert failure("own_optimizer.Two").startswith(
        "--for own_optimizer.Two: cannot be made with its defaults: "
    )
    sys.modules.pop("own_optimizer")
    Path("broken_optimizer.py").write_text("1 / 0\n")
    assert failure("broken_optimizer.Own") == (
        "--for broken_optimizer.Own: ZeroDivisionError: division by zero"
    )


def test_factories_of_optax():
    pytest.importorskip("optax")
    assert refused(PLAN, "optax.adamw") == refused(PLAN, "optax.sgd") == []
    assert refused(hc.Plan(weight_decay=0.1), "optax.adamw") == []
    lines = refused(hc.Plan(momentm=0.9, weight_decay=-1.0, b2=1.5), "optax.adamw")
    assert lines[0].startswith("momentm: adamw has no hyperparameter 'momentm'; available: ")
    assert [line.partition(":")[0] for line in lines] == ["momentm", "weight_decay", "b2"]
    assert "accepts values in [0, 1), its schedule gives 1.5" in lines[2]
    assert failure("optax.GradientTransformation").startswith("--for takes an optimizer, such as")


def test_optimizers_of_keras():
    pytest.importorskip("keras")
    assert refused(PLAN, "keras.optimizers.SGD") == refused(PLAN, "keras.optimizers.Adam") == []
    lines = refused(hc.Plan(lr=0.1, momentm=0.9, beta2=1.5), "keras.optimizers.Adam")
    assert [line.partition(":")[0] for line in lines] == ["momentm", "beta2"]
    assert failure("keras.layers.Dense").startswith("--for takes an optimizer, such as torch.")


def test_what_is_not_there_is_said_in_words():
    assert failure("AdamW").startswith("--for takes a name with its module, such as torch.optim.")
    assert failure("torhc.optim.AdamW") == (
        f"--for torhc.optim.AdamW: no module 'torhc', neither in {Path.cwd()} nor installed"
    )
    assert failure("collections.OrderedDct") == (
        "--for collections.OrderedDct: collections has no 'OrderedDct'; did you mean 'OrderedDict'?"
    )
    assert failure("1torch.x").startswith("--for 1torch.x: ")
    assert failure("collections.OrderedDict.a.b") == (
        "--for collections.OrderedDict.a.b: collections.OrderedDict.a has no 'b'"
    )
    assert failure("collections.abc") == (
        "--for takes an optimizer, such as torch.optim.AdamW, keras.optimizers.Adam or "
        "optax.adamw, got collections.abc"
    )
