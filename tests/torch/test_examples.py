"""The example scripts run in little time, and what they say of themselves holds."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import digits_branches
import torch

import hypercycle as hc


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_branches_save_updates(capsys):
    digits_branches.main(["--longest", "240", "--seeds", "2"])
    *_, rows = capsys.readouterr().out.partition("trained alone\n")
    *table, last = rows.splitlines()
    assert [int(row.split()[0]) for row in table] == [30, 60, 120, 180, 240]
    assert last == "updates in all: 318 with one trunk, 630 alone: 50 % saved"


def test_a_branch_is_the_training_of_its_own_plan_bit_for_bit():
    data, trunk = digits_branches.images(), hc.Plan(lr=hc.warmup(5, 0.2))
    branch = trunk.branch(40, "20%")
    whole = digits_branches.Training(branch, data, seed=3)
    whole.run(50)
    first = digits_branches.Training(trunk, data, seed=3)
    first.run(40)
    rest = digits_branches.Training(branch, data, 3, first.checkpoint())
    first.run(60)  # the trunk goes on, and takes nothing with it
    rest.run(50)
    for one, other in zip(whole.model.parameters(), rest.model.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="they leave the saved ones at step 40"):
        digits_branches.Training(branch, data, 3, first.checkpoint())
