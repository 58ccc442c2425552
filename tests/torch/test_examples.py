"""The example scripts run in little time, and what they say of themselves holds."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import digits_branches
import digits_ensembles
import torch

import hypercycle as hc


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_branches_save_updates(capsys):
    digits_branches.main(["--longest", "240", "--seeds", "1"])
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


def test_ensembles_take_their_copies_where_the_rate_is_low(capsys):
    digits_ensembles.main(["--updates", "120", "--seeds", "1"])
    assert len(capsys.readouterr().out.splitlines()) == 6
    data = digits_branches.images()
    for name, way in digits_ensembles.ways(120).items():
        steps = [
            step for step in range(1, 121) for e in way.plan.events(step) if e.name == way.event
        ]
        taken = digits_ensembles.copies(way, data, 120, seed=0)
        assert len(taken) == len(steps) == (1 if name == "one" else digits_ensembles.CYCLES)
        rates = [way.plan["lr"](step - 1) for step in steps]
        highest = max(way.plan["lr"](step) for step in range(60, 120))
        assert max(rates) < 0.4 * highest
