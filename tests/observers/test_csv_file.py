"""CSV: files that the csv module reads, whole whatever happens."""

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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("step,p,q\n0,0.1,0.9", "ends in the middle of a row: remove what is left of it"),
        ("epoch,p\n0,0.1\n", "was not written by hypercycle: its first column is 'epoch', not"),
        ("\n", "was not written by hypercycle: its first column is '', not 'step'"),
    ],
)
def test_it_appends_to_nothing_else(tmp_path, content, message):
    path = tmp_path / "values.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
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
