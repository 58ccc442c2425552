"""Kill a run of a study at moments spread over its course, go on with it, print what came of it.

``python studies_killed.py folder 6``: every attempt is forked after the imports.
"""

import json
import math
import os
import random
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch
import torch._dynamo  # which an optimizer's first step imports: once here
from studies.data import splits
from studies.digits import SETTING
from studies.study import Place, Run
from studies.training import do

import hypercycle as hc

ITERATIONS = 150
LR = hc.Cycle(1e-3, 1e-1, 20, 13, waveform="hann")
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.8, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 17))
RUN = Run(
    *("digits", "killed", "final", 0, SETTING, PLAN, math.nan, ITERATIONS),
    *((70, ITERATIONS), ("train",), ("validation", "test")),
)


def attempt(folder, seconds=None):
    """Do the run in a process of its own; kill it so long after its first checkpoint, if at all."""
    checkpoint = folder / RUN.name / "checkpoint.pt"
    before = reached(checkpoint)
    process = os.fork()
    if process == 0:
        do(RUN, Place(folder, checkpoint_seconds=0.0), lambda _: None)
        os._exit(0)
    if seconds is not None:
        while reached(checkpoint) == before:
            time.sleep(0.001)
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert status in ((0,) if seconds is None else (0, -signal.SIGKILL)), status
    return status != 0


def reached(checkpoint):
    """Return the iteration that a checkpoint holds."""
    try:
        return torch.load(checkpoint, weights_only=True)["state"]["iteration"]
    except FileNotFoundError:
        return None


def main(folder, kills):
    signal.alarm(120)  # where an attempt never has a checkpoint
    torch.set_num_threads(1)
    splits(SETTING.data, None)
    whole, killed = Path(folder, "whole"), Path(folder, "killed")
    attempt(whole)
    drawn, resumed = random.Random(0), []
    while len(resumed) < int(kills) and attempt(killed, drawn.uniform(0.0, 0.1)):
        resumed.append(reached(killed / RUN.name / "checkpoint.pt"))
    attempt(killed)
    results = [json.loads((one / RUN.name / "result.json").read_text()) for one in (whole, killed)]
    again = asdict(do(RUN, Place(killed), lambda _: None))
    sys.stdout.write(json.dumps({"resumed": resumed, "results": [*results, again]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
