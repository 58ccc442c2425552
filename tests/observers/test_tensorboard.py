"""TensorBoard: event files that its own reader reads."""

import sys
from types import ModuleType

import pytest
from logs import KILLED, LR, MOMENTUM, dropout, events, optimizer_of_two_groups, python, read, run

import hypercycle as hc
from hypercycle import observers


@pytest.fixture
def summary_writer(monkeypatch):
    """PyTorch's, which imports TensorFlow if it is there, unless it is told not to."""
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    return pytest.importorskip("torch.utils.tensorboard").SummaryWriter


def near(values):
    """Values by step, as TensorBoard keeps them: as float32."""
    return [[step, pytest.approx(value, rel=1e-7)] for step, value in enumerate(values)]


def test_it_is_whole_when_the_process_is_killed(tmp_path):
    pytest.importorskip("tensorboard")
    python(KILLED, "TensorBoard", tmp_path / "a" / "run", returncode=-9)
    assert events(tmp_path / "a" / "run") == {"p": near([LR(step) for step in range(5)])}


def test_it_joins_the_files_of_a_resumed_run(tmp_path):
    pytest.importorskip("tensorboard")
    with observers.TensorBoard(tmp_path, prefix="dropout/"):
        state = run(dropout(), 5).state_dict()
    (first,) = tmp_path.iterdir()
    before = first.read_bytes()
    with observers.TensorBoard(tmp_path, prefix="dropout/"):
        cycler = hc.attach(dropout(), p=LR, q=MOMENTUM)
        cycler.load_state_dict(state)
        cycler.step()
    assert first.read_bytes() == before
    assert events(tmp_path) == {
        "dropout/p": near([LR(step) for step in range(6)]),
        "dropout/q": near([MOMENTUM(step) for step in range(6)]),
    }


def test_it_does_not_close_a_writer_that_it_was_given(tmp_path, summary_writer):
    with summary_writer(tmp_path) as writer:
        with observers.TensorBoard(writer, every=2):
            run(dropout(), 3)
        writer.add_scalar("loss", 0.25, 1)
    found = events(tmp_path)
    assert found["loss"] == [[1, 0.25]]
    assert [step for step, _ in found["p"]] == [0, 2]


def test_without_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ImportError) as refused:
        observers.TensorBoard(tmp_path / "run")
    assert str(refused.value).startswith(
        f"writing event files into {tmp_path / 'run'} needs the package tensorboard: python -m pip "
        "install tensorboard (import of tensorboard"
    )
    assert not (tmp_path / "run").exists()


def test_it_takes_a_folder_or_a_writer():
    with pytest.raises(TypeError, match=r"TensorBoard takes a folder, or a writer .*, got 3"):
        observers.TensorBoard(3)


def test_two_torch_optimizers_in_one_event_file_and_one_alone(tmp_path, summary_writer):
    torch = pytest.importorskip("torch")
    generator, discriminator = (optimizer_of_two_groups(torch) for _ in range(2))
    with (
        summary_writer(tmp_path) as writer,
        observers.TensorBoard(writer, prefix="generator/", target=generator),
        observers.TensorBoard(writer, prefix="discriminator/", target=discriminator),
        observers.CSV(tmp_path / "discriminator.csv", target=discriminator),
    ):
        one = hc.attach(generator, lr=LR)
        other = hc.attach(discriminator, lr=LR, momentum=hc.Groups({0: MOMENTUM, 1: None}))
        for step in range(4):
            one.step()
            if step % 2:
                other.step()
        writer.add_scalar("loss", 0.5, 3)
    assert events(tmp_path) == {
        "generator/lr": near([LR(step) for step in range(4)]),
        "discriminator/lr": near([LR(step) for step in range(2)]),
        "discriminator/momentum/weights": near([MOMENTUM(step) for step in range(2)]),
        "loss": [[3, 0.5]],
    }
    assert read(tmp_path / "discriminator.csv") == [
        (step, {"lr": LR(step), "momentum/weights": MOMENTUM(step)}) for step in range(2)
    ]
