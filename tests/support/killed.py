"""Kill a training at random moments, resume it, compare its end with an uninterrupted one.

``python killed.py torch_killed folder 20`` imports the module's framework once. Every attempt is a
process that is forked from there before anything is computed, so that none pays for the import.
"""

import importlib
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from logs import ROOT

STEPS = 300
PHASES = ("training", "saving", "resuming")


@dataclass(frozen=True)
class Doom:
    """Where a process ends: in a phase of a step, after a part of its lines or of its time."""

    phase: str
    step: int
    by: str
    part: float


def dooms(kills, save_every, seed=0):
    """Moments that are spread over all steps, phases and ways to die."""
    drawn = random.Random(seed)
    steps = sorted(drawn.sample(range(1, STEPS - save_every), kills))
    kinds = [(phase, by) for phase in PHASES for by in ("lines", "time")]
    for index, step in enumerate(steps):
        # What a resumption costs is known when there has been one.
        phase, by = kinds[index % len(kinds)] if index > 1 else ("training", "time")
        if phase == "saving":
            step += -step % save_every  # noqa: PLW2901
        yield Doom(phase, step, by, drawn.random())


class Moments:
    """What a training says of where it is, and what kills it there."""

    costs = mmap.mmap(-1, 16 * len(PHASES))  # lines and seconds of each phase, for all processes

    def __init__(self, doom=None, pipe=None):
        self.doom, self.pipe = doom, pipe
        self.resumed_at = 0
        self._times = dict.fromkeys(PHASES, 0)

    @contextmanager
    def phase(self, name, step=None):
        self.enter(name, step)
        yield
        self.leave(name)

    def enter(self, name, step=None):
        self._times[name] += 1
        doom = self.doom
        by_time = doom is not None and doom.by == "time"
        doomed = doom is not None and doom.phase == name and (step is None or step >= doom.step)
        # The first steps compile, and a resumption happens once in a process.
        counted = self._times[name] == 3 or (name == "resuming" and not by_time)
        self._lines, self._last, self._began = 0, None, time.perf_counter()
        if doomed and by_time:
            os.write(self.pipe, b"!")
        elif doomed or counted:
            self._last = 1 + int(doom.part * cost_of(name)[0]) if doomed else None
            sys.settrace(self._trace)

    def leave(self, name):
        seconds = time.perf_counter() - self._began
        counted = sys.gettrace() is not None
        sys.settrace(None)
        if self._last is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        lines, known = cost_of(name)
        cost = (self._lines, known) if counted else (lines, seconds)
        struct.pack_into("qd", self.costs, 16 * PHASES.index(name), *cost)

    def _trace(self, frame, event, argument):
        self._lines += event == "line"
        if self._lines == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._trace


def cost_of(phase):
    return struct.unpack_from("qd", Moments.costs, 16 * PHASES.index(phase))


def attempt(train, folder, doom=None):
    """Train in a process of its own, and kill it; return the step that it was resumed at."""
    told, tells = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(told)
        signal.alarm(120)
        moments = Moments(doom, tells)
        try:
            train(folder, moments)
        except BaseException:  # noqa: BLE001  (printed, in a process that ends here)
            traceback.print_exc()
            os._exit(1)
        while doom is not None:  # it was faster than its end
            os.write(tells, b"!")
            signal.pause()
        os._exit(0)
    os.close(tells)
    if doom is not None and doom.by == "time" and os.read(told, 1):
        time.sleep(doom.part * cost_of(doom.phase)[1])
        os.kill(process, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.close(told)
    assert status == (0 if doom is None else -signal.SIGKILL), (status, doom)


def main(module, folder, kills):
    program = importlib.import_module(module)
    train = program.train
    whole, killed = Path(folder, "whole"), Path(folder, "killed")
    for each in (whole, killed):
        each.mkdir()
    attempt(train, whole)
    done = []
    for doom in dooms(int(kills), program.SAVE_EVERY):
        attempt(train, killed, doom)
        done.append(asdict(doom))
    attempt(train, killed)
    sys.stdout.write(json.dumps(done))


def resumed(folder, step):
    """Note where a training goes on."""
    with (folder / "resumed").open("a") as file:
        file.write(f"{step}\n")


def end(folder, arrays):
    """Keep what a training has come to."""
    np.savez(folder / "end.npz", **{str(index): one for index, one in enumerate(arrays)})


def check(module, folder, kills):
    """Run it, and see that killing leaves no trace."""
    done = subprocess.run(
        [sys.executable, __file__, module, str(folder), str(kills)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "adapters")])},
    )
    assert done.returncode == 0, done.stderr
    killed_at = json.loads(done.stdout.splitlines()[-1])
    assert len(killed_at) == kills
    whole, killed = folder / "whole", folder / "killed"
    steps = [int(step) for step in (killed / "resumed").read_text().split()]
    assert steps == sorted(steps)
    assert steps[-1] > STEPS / 2
    rows = (killed / "values.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == list(range(STEPS))
    assert (killed / "values.csv").read_bytes() == (whole / "values.csv").read_bytes()
    with np.load(whole / "end.npz") as expected, np.load(killed / "end.npz") as got:
        assert len(expected.files) > 1
        assert expected.files == got.files
        for name in expected.files:
            assert expected[name].dtype == got[name].dtype
            assert expected[name].tobytes() == got[name].tobytes(), name
    return killed_at, steps


if __name__ == "__main__":
    main(*sys.argv[1:])
