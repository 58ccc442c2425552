"""Weights & Biases: rows of an offline run, read from its file."""

import json
from pathlib import Path

import pytest
from logs import LR, dropout, expected, run

import hypercycle as hc
from hypercycle import observers


@pytest.fixture
def wandb_run(tmp_path, monkeypatch):
    """An offline run, and what its file holds when it is finished: [W&B's step, row]."""
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    settings = wandb.Settings(console="off", x_disable_stats=True, x_disable_meta=True)
    # Said here too: where wandb has been set up before, it reads the environment no more.
    run = wandb.init(project="hypercycle", dir=tmp_path, mode="offline", settings=settings)

    def history():
        run.finish()
        wandb.teardown()  # waits until everything is in the file
        (path,) = Path(run.dir).parent.glob("*.wandb")
        return [row for record in wandb_records(path.read_bytes()) for row in history_of(record)]

    yield run, history
    wandb.teardown()


def wandb_records(data):
    """Records of a file in LevelDB's log format, after a header of 7 bytes."""
    at, parts, size_of_block, size_of_header = 7, [], 32_768, 7
    while at + size_of_header <= len(data):
        left = size_of_block - at % size_of_block
        if left < size_of_header:
            at += left
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        at += size_of_header
        parts.append(data[at : at + length])
        at += length
        if kind in (1, 4):  # whole, or the last part
            yield b"".join(parts)
            parts = []


def history_of(record):
    from wandb.proto.wandb_internal_pb2 import Record

    history = Record.FromString(record).history
    names = {item.key or "/".join(item.nested_key): item.value_json for item in history.item}
    row = {k: json.loads(v) for k, v in names.items() if not k.startswith("_")}
    return [[history.step.num, row]] if row else []


def test_values_join_the_rows_of_the_user(wandb_run):
    run_, history = wandb_run
    target = dropout()
    with observers.WeightsAndBiases(run_, prefix="dropout/"):
        cycler = hc.attach(target, p=LR)
        for step in range(6):
            cycler.step()
            if step % 2:
                run_.log({"loss": step / 2})
    assert history() == [
        [row, {"loss": row + 0.5, "dropout/p": LR(2 * row + 1)}] for row in range(3)
    ]


def test_leaves_the_steps_of_the_user_alone(wandb_run):
    run_, history = wandb_run
    with observers.WeightsAndBiases(run_):
        cycler = hc.attach(dropout(), p=LR)
        for step in range(3):
            run_.log({"loss": 0.5}, step=100 * step)
            cycler.step()
    assert history() == [[100 * step, {"loss": 0.5, "p": LR(step)}] for step in range(3)]


def test_rows_of_their_own(wandb_run):
    run_, history = wandb_run
    with observers.WeightsAndBiases(run_, commit=True, every=2):
        run(dropout(), 6)
    assert history() == [[step, row] for step, row in expected([0, 2, 4])]


def test_takes_a_run():
    with pytest.raises(TypeError, match=r"run is what wandb.init\(…\) returns, got None"):
        observers.WeightsAndBiases(None)
