"""Observers, read back by other programs: csv, TensorBoard's own reader, W&B's offline file."""

import csv
import json
import os
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import hypercycle as hc
from hypercycle import observers, plugins
from hypercycle.plugins import host

LR = hc.Cycle(1e-4, 1e-2, step_size_up=3)
MOMENTUM = LR.opposite(0.85, 0.95)
ROOT = Path(hc.__file__).parents[1]


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    """Take observers that a failed test left behind off the list."""
    monkeypatch.setattr(host, "_state", host._State())


def dropout():
    return SimpleNamespace(p=0.5, q=0.5)


def run(target, steps, **options):
    cycler = hc.attach(target, p=LR, q=MOMENTUM, **options)
    for _ in range(steps):
        cycler.step()
    return cycler


def read(path):
    """The rows of a CSV file by step, each a dict of the numbers by column."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [(int(row.pop("step")), {k: float(v) for k, v in row.items()}) for row in rows]


def expected(steps):
    return [(step, {"p": LR(step), "q": MOMENTUM(step)}) for step in steps]


def events(folder):
    """The scalars of a folder, as TensorBoard reads them: [step, value] by tag."""
    script = """
        import json, sys, types
        sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")  # starts in a second
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        found = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0}).Reload()
        scalars = {tag: found.Scalars(tag) for tag in found.Tags()["scalars"]}
        print(json.dumps({tag: [[e.step, e.value] for e in es] for tag, es in scalars.items()}))
    """
    return json.loads(python(script, folder))


def python(script, *arguments, returncode=0):
    """What a new process prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "adapters")])},
    )
    assert done.returncode == returncode, done.stderr
    return done.stdout if returncode == 0 else done.stderr


# --- what is written when: the same for all ---


class Recorder(observers.Observer):
    """Keeps the rows; what all observers share shows in it."""

    def __init__(self, *, target=None, every=1):
        super().__init__(target, every)
        self.rows = []

    def write(self, step, values):
        self.rows.append((step, observers.flat(values)))

    def __repr__(self):
        return "Recorder()"


def test_a_row_for_each_update():
    with Recorder() as recorder:
        run(dropout(), 10)
    assert recorder.rows == expected(range(10))


def test_a_resumed_run_goes_on_where_the_log_ends():
    target = dropout()
    with Recorder() as recorder:
        state = run(target, 10).state_dict()
    with Recorder() as resumed:
        cycler = hc.attach(dropout(), p=LR, q=MOMENTUM)  # sets the values of step 0
        cycler.load_state_dict(state)
        for _ in range(3):
            cycler.step()
    assert recorder.rows + resumed.rows == expected(range(13))


def test_start_step_is_the_first_row():
    with Recorder() as recorder:
        run(dropout(), 2, start_step=10**12)
    assert recorder.rows == expected([10**12, 10**12 + 1])


def test_going_back_is_logged_as_it_is():
    with Recorder() as recorder:
        cycler = run(dropout(), 5)
        cycler.load_state_dict(cycler.state_dict() | {"step": 2})
        cycler.step()
        cycler.step()
    assert recorder.rows == expected([0, 1, 2, 3, 4, 5, 2, 3])


def test_the_same_state_again_is_no_update():
    with Recorder() as recorder:
        cycler = run(dropout(), 2)
        cycler.load_state_dict(cycler.state_dict())
        cycler.step()
    assert recorder.rows == expected([0, 1, 2])


def test_jumps_are_logged():
    with Recorder() as recorder:
        cycler = run(dropout(), 1)
        for step in (9, 19):
            cycler.last_epoch = step
            cycler.step()
    assert recorder.rows == expected([0, 1, 10])


def test_every():
    with Recorder(every=4) as recorder:
        run(dropout(), 10)
    assert recorder.rows == expected([0, 4, 8])
    with pytest.raises(ValueError, match="every must be at least 1, got every=0"):
        Recorder(every=0)


def test_registered_and_closed_by_hand():
    recorder = Recorder()
    hc.register_plugin(recorder)
    cycler = run(dropout(), 2)
    recorder.close()
    cycler.step()
    run(dropout(), 2)
    assert recorder.rows == expected([0, 1])
    recorder.close()
    with pytest.raises(ValueError, match=r"Recorder\(\) is closed: make another"):
        recorder.__enter__()
    assert plugins.observers() == ()


def test_a_closed_observer_keeps_nothing_alive():
    class Target:
        p = 0.5

    target = Target()
    alive = weakref.ref(target)
    with Recorder() as recorder:
        hc.attach(target, p=LR).step()
    assert recorder.rows
    del target
    assert alive() is None


def diverge():
    run(dropout(), 2)
    raise ArithmeticError("the loss is gone")


def test_a_failure_of_training_unregisters_and_keeps_the_rows():
    recorder = Recorder()
    with pytest.raises(ArithmeticError, match="the loss is gone"), recorder:
        diverge()
    assert plugins.observers() == ()
    assert recorder.rows == expected([0, 1])


def test_two_targets_are_an_error_that_says_what_to_do():
    with Recorder():
        run(dropout(), 2)
        with pytest.raises(
            ValueError,
            match=r"Recorder\(\) logs the p, q of one SimpleNamespace but received the p, q of "
            r"another target, a SimpleNamespace: say which it is for, with target=…, and give each "
            "an observer of its own",
        ):
            run(dropout(), 2)


def test_an_observer_of_one_target():
    one, other = dropout(), dropout()
    with Recorder(target=one) as of_one, Recorder(target=other) as of_other:
        run(other, 1)
        run(one, 3)
    assert of_one.rows == expected([0, 1, 2])
    assert of_other.rows == expected([0])


def test_two_cyclers_of_one_target_are_an_error():
    target = dropout()
    with Recorder():
        hc.attach(target, p=LR)
        with pytest.raises(
            ValueError,
            match=r"Recorder\(\) logs p of a SimpleNamespace but received q of the same one: "
            "attach one plan with all of them",
        ):
            hc.attach(target, q=LR)


def test_importing_them_loads_no_logger():
    script = """
        import sys
        import hypercycle.observers
        print({"torch", "tensorboard", "tensorflow", "wandb"} & set(sys.modules) or "none")
    """
    assert python(script) == "none\n"


def test_that_test_can_fail(tmp_path):
    script = """
        import sys
        import hypercycle.observers
        hypercycle.observers.TensorBoard(sys.argv[1])
        print({"torch", "tensorboard", "tensorflow", "wandb"} & set(sys.modules) or "none")
    """
    assert python(script, tmp_path) == "{'tensorboard'}\n"


# --- PyTorch and Keras ---


def optimizer_of_two_groups(torch):
    weights, bias = torch.nn.Linear(3, 1).parameters()
    groups = [{"params": [weights], "name": "weights"}, {"params": [bias], "name": "biases"}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_groups_of_a_torch_optimizer(tmp_path, advance):
    torch = pytest.importorskip("torch")
    optimizer = optimizer_of_two_groups(torch)
    decay = hc.Groups({"weights": hc.Cycle(0.0, 0.1, 4), "biases": 0.0})
    with observers.CSV(tmp_path / "values.csv"):
        cycler = hc.attach(optimizer, lr=LR, weight_decay=decay, advance=advance)
        for _ in range(6):
            optimizer.step()
            cycler.step()
    by_step = [
        {
            "lr": LR(step),
            "weight_decay/weights": hc.Cycle(0.0, 0.1, 4)(step),
            "weight_decay/biases": 0.0,
        }
        for step in range(6)
    ]
    assert read(tmp_path / "values.csv") == list(enumerate(by_step))


@pytest.fixture
def summary_writer(monkeypatch):
    """PyTorch's, which imports TensorFlow if it is there, unless it is told not to."""
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    return pytest.importorskip("torch.utils.tensorboard").SummaryWriter


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


def test_keras_tells_by_its_callback(tmp_path):
    pytest.importorskip("keras")
    script = """
        import sys
        import keras
        import numpy as np
        import hypercycle as hc
        import hypercycle_keras
        from hypercycle import observers

        lr = hc.Cycle(1e-4, 1e-2, step_size_up=3)
        decay = hc.Groups({".*kernel": 0.5, ".*bias": None})
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(hc.attach(keras.optimizers.SGD(), lr=lr, weight_decay=decay), "mse")
        x, y = np.ones((8, 3)), np.ones((8, 1))
        with observers.CSV(sys.argv[1]):
            for _ in range(2):
                callback = hypercycle_keras.CycleHistory()
                model.fit(x, y, 2, epochs=1, verbose=0, callbacks=[callback])
    """
    python(script, tmp_path / "values.csv")
    rows = read(tmp_path / "values.csv")
    assert rows == [(s, {"lr": LR(s), "weight_decay/.*kernel": 0.5}) for s in range(8)]


# --- CSV ---


def test_csv_writes_all_digits(tmp_path):
    with observers.CSV(tmp_path / "values.csv"):
        run(dropout(), 10)
    assert read(tmp_path / "values.csv") == expected(range(10))
    assert (tmp_path / "values.csv").read_bytes().startswith(b"step,p,q\n0,0.0001,0.95\n1,")


def test_csv_overwrites_nothing(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text("precious")
    with pytest.raises(FileExistsError) as refused:
        observers.CSV(path)
    assert str(refused.value) == (
        f"{path} exists: pass append=True to go on in it, or choose another name"
    )
    assert path.read_text() == "precious"


def test_csv_appends(tmp_path):
    path = tmp_path / "values.csv"
    with observers.CSV(path, append=True):
        state = run(dropout(), 3).state_dict()
    with observers.CSV(path, append=True):
        cycler = hc.attach(dropout(), q=MOMENTUM, p=LR)  # columns go by their names
        cycler.load_state_dict(state)
        cycler.step()
    assert read(path) == expected(range(4))
    assert path.read_text().count("step") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("step,p,q\n0,0.1,0.9", "ends in the middle of a row: remove what is left of it"),
        ("epoch,p\n0,0.1\n", "was not written by hypercycle: its first column is 'epoch', not"),
        ("\n", "was not written by hypercycle: its first column is '', not 'step'"),
    ],
)
def test_csv_appends_to_nothing_else(tmp_path, content, message):
    path = tmp_path / "values.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        observers.CSV(path, append=True)
    assert path.read_text() == content


def test_csv_has_one_set_of_columns(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text("step,p\n0,0.1\n")
    with (
        observers.CSV(path, append=True),
        pytest.raises(ValueError, match="has the columns step, p, but step 0 has step, p, q: go"),
    ):
        run(dropout(), 1)
    assert path.read_text() == "step,p\n0,0.1\n"


def test_csv_has_one_step(tmp_path):
    with (
        observers.CSV(tmp_path / "values.csv") as log,
        pytest.raises(ValueError, match="cannot log a hyperparameter that is called 'step'"),
    ):
        log.write(0, {"step": 0.5})


KILLED = """
    import os, signal, sys
    from types import SimpleNamespace
    import hypercycle as hc
    from hypercycle import observers

    observer = getattr(observers, sys.argv[1])(sys.argv[2])
    hc.register_plugin(observer)
    lr = hc.Cycle(1e-4, 1e-2, step_size_up=3)
    cycler = hc.attach(SimpleNamespace(p=0.5), p=lr)
    for _ in range(5):
        cycler.step()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_csv_is_whole_when_the_process_is_killed(tmp_path):
    python(KILLED, "CSV", tmp_path / "values.csv", returncode=-9)
    assert read(tmp_path / "values.csv") == [(step, {"p": LR(step)}) for step in range(5)]


# --- TensorBoard ---


def near(values):
    """Values by step, as TensorBoard keeps them: as float32."""
    return [[step, pytest.approx(value, rel=1e-7)] for step, value in enumerate(values)]


def test_tensorboard_is_whole_when_the_process_is_killed(tmp_path):
    pytest.importorskip("tensorboard")
    python(KILLED, "TensorBoard", tmp_path / "a" / "run", returncode=-9)
    assert events(tmp_path / "a" / "run") == {"p": near([LR(step) for step in range(5)])}


def test_tensorboard_joins_the_files_of_a_resumed_run(tmp_path):
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


def test_tensorboard_does_not_close_a_writer_that_it_was_given(tmp_path, summary_writer):
    with summary_writer(tmp_path) as writer:
        with observers.TensorBoard(writer, every=2):
            run(dropout(), 3)
        writer.add_scalar("loss", 0.25, 1)
    found = events(tmp_path)
    assert found["loss"] == [[1, 0.25]]
    assert [step for step, _ in found["p"]] == [0, 2]


def test_tensorboard_without_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ImportError) as refused:
        observers.TensorBoard(tmp_path / "run")
    assert str(refused.value).startswith(
        f"writing event files into {tmp_path / 'run'} needs the package tensorboard: python -m pip "
        "install tensorboard (import of tensorboard"
    )
    assert not (tmp_path / "run").exists()


def test_tensorboard_takes_a_folder_or_a_writer():
    with pytest.raises(TypeError, match=r"TensorBoard takes a folder, or a writer .*, got 3"):
        observers.TensorBoard(3)


# --- Weights & Biases ---


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


def test_wandb_values_join_the_rows_of_the_user(wandb_run):
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


def test_wandb_leaves_the_steps_of_the_user_alone(wandb_run):
    run_, history = wandb_run
    with observers.WeightsAndBiases(run_):
        cycler = hc.attach(dropout(), p=LR)
        for step in range(3):
            run_.log({"loss": 0.5}, step=100 * step)
            cycler.step()
    assert history() == [[100 * step, {"loss": 0.5, "p": LR(step)}] for step in range(3)]


def test_wandb_rows_of_their_own(wandb_run):
    run_, history = wandb_run
    with observers.WeightsAndBiases(run_, commit=True, every=2):
        run(dropout(), 6)
    assert history() == [[step, row] for step, row in expected([0, 2, 4])]


def test_wandb_takes_a_run():
    with pytest.raises(TypeError, match=r"run is what wandb.init\(…\) returns, got None"):
        observers.WeightsAndBiases(None)
