"""With PyTorch, the count of updates is read from the device only where others have written it."""

import keras
import numpy as np
import pytest

import hypercycle as hc
from hypercycle_keras import in_step

pytestmark = pytest.mark.skipif(keras.backend.backend() != "torch", reason="counts on PyTorch")


@pytest.fixture
def optimizer(monkeypatch):
    optimizer = hc.attach(keras.optimizers.SGD(1.0), hc.Plan(lr=hc.Ramp(1.0, 2.0, 64)))
    optimizer.build([keras.Variable(np.zeros(2, "float32"))])
    reads = []
    from hypercycle_keras import counting

    def counted(variable):
        reads.append(variable)
        return in_step.value_of_variable(variable)

    monkeypatch.setattr(counting, "value_of_variable", counted)
    return optimizer, reads


def step(optimizer):
    optimizer.apply([keras.ops.zeros(2)])
    return float(optimizer.learning_rate)


def test_only_the_first_step_reads_it(optimizer):
    optimizer, reads = optimizer
    assert [step(optimizer) for _ in range(9)] == [1 + k / 64 for k in range(9)]
    assert len(reads) == 1


def test_what_others_write_is_read(optimizer):
    optimizer, reads = optimizer
    step(optimizer)
    optimizer.iterations.assign(40)
    assert [step(optimizer), step(optimizer)] == [1 + 40 / 64, 1 + 41 / 64]
    optimizer.iterations.assign_add(1)
    assert step(optimizer) == 1 + 43 / 64
    assert len(reads) == 3


def test_a_stateless_step_leaves_the_optimizers_own_as_they_are(optimizer):
    optimizer, _ = optimizer
    assert step(optimizer) == 1.0
    mine = [keras.ops.copy(variable.value) for variable in optimizer.variables]
    given = [keras.ops.copy(tensor) for tensor in mine]
    _, state = optimizer.stateless_apply(given, [keras.ops.zeros(2)], [keras.ops.zeros(2)])
    assert [float(v) for v in given[:2]] == [float(v) for v in mine[:2]] == [1.0, 1.0]
    assert [float(value) for value in state[:2]] == [2.0, 1 + 1 / 64]
    assert step(optimizer) == 1 + 1 / 64
