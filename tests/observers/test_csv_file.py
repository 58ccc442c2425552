"""CSV: files that the csv module reads, whole whatever happens."""

import re

import pytest
from logs import KILLED, LR, MOMENTUM, dropout, expected, optimizer_of_two_groups, python, read, run

import hypercycle as hc
from hypercycle import observers


def test_it_writes_all_digits(tmp_path):
    with observers.CSV(tmp_path / "values.csv"):
        run(dropout(), 10)
    assert read(tmp_path / "values.csv") == expected(range(10))
    assert (tmp_path / "values.csv").read_bytes().startswith(b"step,p,q\n0,0.0001,0.95\n1,")


def test_it_overwrites_nothing(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text("precious")
    with pytest.raises(FileExistsError) as refused:
        observers.CSV(path)
    assert str(refused.value) == (
        f"{path} exists: pass append=True to go on in it, or choose another name"
    )
    assert path.read_text() == "precious"


def test_it_appends(tmp_path):
    path = tmp_path / "values.csv"
    with observers.CSV(path, append=True):
        state = run(dropout(), 3).state_dict()
    with observers.CSV(path, append=True):
        cycler = hc.attach(dropout(), q=MOMENTUM, p=LR)  # columns go by their names
        cycler.load_state_dict(state)
        cycler.step()
    assert read(path) == expected(range(4))
    assert path.read_text().count("step") == 1


def resume(path, step, steps, **options):
    """Go on in a file from a checkpoint that was made at a step."""
    with observers.CSV(path, append=True, **options):
        cycler = hc.attach(dropout(), p=LR, q=MOMENTUM)
        cycler.load_state_dict(cycler.state_dict() | {"step": step})
        for _ in range(steps):
            cycler.step()


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "values.csv"
    with observers.CSV(path, append=True):
        run(dropout(), 10)
    return path


@pytest.mark.parametrize("step", range(11))
def test_a_step_that_is_trained_again_is_not_written_again(written, step):
    resume(written, step, 20 - step)
    assert read(written) == expected(range(20))


def test_a_file_that_is_cut_off_anywhere_is_completed(written):
    whole = written.read_bytes()
    for length in range(len(whole)):
        written.write_bytes(whole[:length])
        # The last checkpoint of a run whose rows before it are in the file.
        resume(written, max(0, whole[:length].count(b"\n") - 3), 10)
        assert written.read_bytes().startswith(whole), length


def test_nothing_is_removed_before_training_goes_on_nor_after(written):
    whole = written.read_bytes()
    resume(written, 5, 0)
    assert written.read_bytes() == whole
    resume(written, 5, 2)
    assert written.read_bytes() == whole


def test_going_back_in_one_run_writes_no_step_twice(tmp_path):
    with observers.CSV(tmp_path / "values.csv"):
        cycler = run(dropout(), 5)
        cycler.load_state_dict(cycler.state_dict() | {"step": 2})
        for _ in range(5):
            cycler.step()
    assert read(tmp_path / "values.csv") == expected(range(7))


def test_a_step_may_be_an_array(tmp_path):
    np = pytest.importorskip("jax.numpy")
    with observers.CSV(tmp_path / "values.csv") as log:
        log.write(np.array(3), {"p": np.array(0.5)})
    assert read(tmp_path / "values.csv") == [(3, {"p": 0.5})]


def test_last_bits_of_another_processor_are_no_other_value(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text(f"step,p\n0,{0.1 * (1 + 1e-12)!r}\n1,nan\n")
    before = path.read_bytes()
    with observers.CSV(path, append=True) as log:
        log.write(0, {"p": 0.1})
        log.write(1, {"p": float("nan")})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "step,p\n0,0.1\n1,0.2\n",
            (
                "has p = 0.2 for step 1, but this run has 0.25: it is the log of another run or "
                "plan. Go on in another file, or remove its rows from step 1 on"
            ),
        ),
        ("step,p\n1,nan\n", "has p = nan for step 1, but this run has 0.25: it is the log of"),
        (
            "step,p\n0,0.1\n2,0.2\n",
            (
                "has rows before and after step 1 but none for it: pass the every that it was "
                "begun with, or go on in another file"
            ),
        ),
        (
            "step,p\n0,0.1\n7,0.",
            (
                "ends in the middle of a row, '7,0.', which is not the beginning of the row of "
                "step 1, '1,0.25': remove what is left of it, or go on in another file"
            ),
        ),
        (
            "step,lr",
            (
                "ends in the middle of a row, 'step,lr', which is not the beginning of the columns "
                "of this run, 'step,p': remove what is left of it, or go on in another file"
            ),
        ),
        (
            "step,p\n0,0.1,3\n",
            "has a row that hypercycle did not write, '0,0.1,3': remove it, or go on in another",
        ),
        ("step,p\n# mine\n", "has a row that hypercycle did not write, '# mine': remove it, or go"),
    ],
)
def test_a_row_that_does_not_go_with_the_file_is_an_error_and_nothing_changes(
    tmp_path, content, message
):
    path = tmp_path / "values.csv"
    path.write_text(content)
    with (
        observers.CSV(path, append=True) as log,
        pytest.raises(ValueError, match=re.escape(f"{path} {message}")),
    ):
        log.write(1, {"p": 0.25})
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("content", "first"), [("epoch,p\n0,0.1\n", "epoch"), ("\n", ""), ("steam", "steam")]
)
def test_it_appends_to_nothing_else(tmp_path, content, first):
    path = tmp_path / "values.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"hypercycle: its first column is '{first}', not 'step'"):
        observers.CSV(path, append=True)
    assert path.read_text() == content


def test_it_has_one_set_of_columns(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text("step,p\n0,0.1\n")
    with (
        observers.CSV(path, append=True),
        pytest.raises(ValueError, match="has the columns step, p, but step 0 has step, p, q: go"),
    ):
        run(dropout(), 1)
    assert path.read_text() == "step,p\n0,0.1\n"


def test_it_has_one_step(tmp_path):
    with (
        observers.CSV(tmp_path / "values.csv") as log,
        pytest.raises(ValueError, match="cannot log a hyperparameter that is called 'step'"),
    ):
        log.write(0, {"step": 0.5})


def test_it_is_whole_when_the_process_is_killed(tmp_path):
    python(KILLED, "CSV", tmp_path / "values.csv", returncode=-9)
    assert read(tmp_path / "values.csv") == [(step, {"p": LR(step)}) for step in range(5)]


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


@pytest.mark.slow
def test_a_keras_model_tells_by_its_callback(tmp_path):
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
