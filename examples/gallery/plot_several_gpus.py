"""
How do I train on several GPUs?
===============================

.. currentmodule:: hypercycle

As on one. Every process attaches the same plan, and since a value is computed from its step alone,
all have the same values without exchanging any.

What changes is the length of an epoch: in each of *n* processes it has an *n*-th of the steps. A
length in steps then lasts *n* times as many epochs. A length in epochs is right if
``steps_per_epoch`` is ``len(loader)`` of the process's own loader, with its ``DistributedSampler``.

This program trains a small network on handwritten digits, in as many processes as it is started in:

.. literalinclude:: /../examples/digits_ddp.py
   :language: python
   :start-at: import hashlib
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import hypercycle as hc

# %%
# Two processes on this machine's CPU stand in for two GPUs:

places = Path("examples/digits_ddp.py"), Path("../digits_ddp.py")  # started here or there
program = next(place for place in places if place.exists())
torchrun = [sys.executable, "-m", "torch.distributed.run"]
run = subprocess.run(
    [*torchrun, "--standalone", "--nproc-per-node=2", program],
    check=True,
    capture_output=True,
    text=True,
    env=os.environ | {"OMP_NUM_THREADS": "1"},
)
first, second = json.loads(run.stdout)

for report in (first, second):
    print({name: value for name, value in report.items() if name != "lr"})
assert first["lr"] == second["lr"]
assert first["weights"] == second["weights"]

# %%
# Both trained with the same values, and hold the same weights. The values are those of one process
# with half as many steps in an epoch:

lr = hc.Cycle(0.01, 0.5, first["steps_per_epoch"])
assert first["lr"] == lr(np.arange(first["steps"])).tolist()

figure, axes = plt.subplots()
axes.plot(first["lr"], linewidth=5, alpha=0.4, label="process 0")
axes.plot(second["lr"], "--", label="process 1")
axes.set(xlabel="step", ylabel="lr")
axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %%
# :func:`hypercycle_torch.range_test <hypercycle_torch.range_test>` is called in
# every process too, and gives all the same result.
#
# Accelerate steps a prepared scheduler once for each process. With ``advance="optimizer"``, and
# attached before ``prepare``, the wave follows the optimizer's own steps, and counts one.
