"""Runs that are logged, and logs read back by other programs than ours."""

import csv
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import hypercycle as hc

LR = hc.Cycle(1e-4, 1e-2, step_size_up=3)
MOMENTUM = LR.opposite(0.85, 0.95)
ROOT = Path(hc.__file__).parents[1]


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


def optimizer_of_two_groups(torch):
    weights, bias = torch.nn.Linear(3, 1).parameters()
    groups = [{"params": [weights], "name": "weights"}, {"params": [bias], "name": "biases"}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


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
"""Trains, logs and dies, told which observer and where to."""
