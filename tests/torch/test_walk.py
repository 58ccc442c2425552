"""Every optimizer × every hyperparameter against values assigned by hand, bit for bit."""

import pytest
import torch
import torch_walk
from torch_walk import by_attach, by_following, by_hand, equal, finite, left_alone, train

CASES = torch_walk.cases()
REFUSALS = torch_walk.refusals()
SAMPLE = CASES[:: max(len(CASES) // 30, 1)]


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def check(case):
    driven = train(case, by_attach)
    assert finite(driven)
    assert equal(driven, train(case, by_hand))
    assert not equal(driven, train(case, left_alone))
    assert equal(driven, train(case, by_following))


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_a_driven_hyperparameter_is_one_assigned_by_hand(case):
    check(case)


@pytest.mark.walk
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_hyperparameter_of_every_optimizer(case):
    check(case)


def test_the_walk_leaves_nothing_out():
    assert len(SAMPLE) >= 30
    walked = {(case.optimizer, case.name) for case in CASES}
    told = {(kind, name) for kind, name, _ in REFUSALS}
    everything = {(kind, name) for kind, name, _ in torch_walk._members()}
    assert walked | told == everything
    assert {kind for kind, _ in walked} == set(torch_walk.optimizers())
    assert {case.implementation for case in CASES} == {"single", "foreach", "fused"}
    assert {kind for kind, name in walked if name == "lr"} == set(torch_walk.optimizers()) - {
        "Rprop"
    }
    for kind in ("Adam", "AdamW", "SGD", "Adagrad"):
        assert any(c.optimizer == kind and c.implementation == "fused" for c in CASES)
        assert any(c.optimizer == kind and c.name == "lr" and c.tensors for c in CASES)
    assert any(c.optimizer == "AdamW" and c.name == "betas[0]" and c.tensors for c in CASES)


@pytest.mark.parametrize(
    ("kind", "name", "reason"), REFUSALS, ids=lambda value: str(value).replace("[", "(")
)
def test_what_cannot_cycle_is_refused_with_the_reason(kind, name, reason):
    error = torch_walk.refused(kind, name)
    assert isinstance(error, ValueError if reason == "once" else TypeError)
    assert torch_walk.REFUSED[reason] in str(error)
    assert name in str(error)
    assert kind in str(error)
