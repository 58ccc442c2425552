"""Runs a program and writes down, for each optimizer, what its updates were made with.

python section_program.py PROGRAM REPORT
"""

import json
import os
import runpy
import sys
import warnings
import weakref
from pathlib import Path

from torch.optim.optimizer import register_optimizer_step_pre_hook

import hypercycle as hc

used, numbers = [], weakref.WeakKeyDictionary()


def note(optimizer, *_):
    """Note the values of an update, in the row of its optimizer."""
    group = optimizer.param_groups[0]
    if group["lr"] == 0 and not optimizer.state:
        return  # torch.distributed.checkpoint gives a fresh optimizer its state by such a step
    if optimizer not in numbers:
        numbers[optimizer] = len(used)
        used.append([])
    values = {"lr": group["lr"], "momentum": group["betas"][0]}
    used[numbers[optimizer]].append(values | {"weight_decay": group["weight_decay"]})


register_optimizer_step_pre_hook(note)
warnings.filterwarnings("error", category=hc.MisuseWarning)
program, report = sys.argv[1:]
sys.argv[1:] = []
runpy.run_path(program, run_name="__main__")
if os.environ.get("RANK", "0") == "0":
    Path(report).write_text(json.dumps(used), encoding="utf-8")
