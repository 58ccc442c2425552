"""DDP, FSDP and distributed checkpoints in real processes: two, then one, then two again."""

import sys

import pytest
import torch

distributed = pytest.importorskip("torch.distributed")
if not (distributed.is_available() and distributed.is_gloo_available()):
    pytest.skip("this PyTorch has no gloo", allow_module_level=True)

from torch_processes import (  # noqa: E402
    ADVANCES,
    END,
    OWN_RATES,
    PLAN,
    PROCESSES,
    STAGES,
    TRAININGS,
    reports_of,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes find each other by gloo"),
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return reports_of(tmp_path_factory.mktemp("processes"))


def values_at(step):
    """What each group's update is made with: the plan, its rate times the group's own."""
    values = PLAN(step)
    return [values | {"lr": rate * values["lr"]} for rate in OWN_RATES]


def are_close(weights, others):
    # Two processes add the same gradients in another order than one.
    for one, other in zip(weights, others, strict=True):
        torch.testing.assert_close(*(torch.tensor(w, dtype=torch.float64) for w in (one, other)))


@pytest.mark.parametrize("name", TRAININGS)
def test_every_update_of_every_process_has_its_values(reports, name):
    whole = [report[name]["whole"] for report in reports]
    assert whole[0]["used"] == [values_at(step) for step in range(END)]
    assert whole[0]["step"] == END
    assert whole[1] == whole[0]


@pytest.mark.parametrize("name", TRAININGS)
def test_goes_on_in_another_number_of_processes(reports, name):
    ends = [first for _, first in STAGES[1:]] + [END]
    whole = reports[0][name]["whole"]
    for rank, report in enumerate(reports):
        spans = [(first, end) for (n, first), end in zip(STAGES, ends, strict=True) if rank < n]
        for stage, (first, end) in zip(report[name]["stages"], spans, strict=True):
            assert stage["used"] == whole["used"][first:end]
            assert stage["step"] == end
        are_close(report[name]["stages"][-1]["weights"], whole["weights"])


@pytest.mark.parametrize("name", TRAININGS)
def test_a_changed_plan_is_refused_in_every_process(reports, name):
    stages = [report[name]["stages"] for report in reports]
    waveform, left_out = (stage["refused"] for stage in stages[0][1:])
    assert [stage["refused"] for stage in stages[1][1:]] == [left_out]
    beginning = "the saved schedules differ from the present ones:\n  "
    for (text, step), name_of in ((waveform, "lr.waveform"), (left_out, "weight_decay")):
        assert text.startswith(f"{beginning}{name_of}: saved ")
        assert step == 0


@pytest.mark.parametrize("advance", ADVANCES)
def test_each_process_of_zero_redundancy_updates_with_the_values(reports, advance):
    expected = [[PLAN(step)[key] for key in ("lr", "weight_decay")] for step in range(9)]
    assert [report["zero"][advance] for report in reports] == [expected] * PROCESSES
