"""A plugin with all four hooks. It imports the library that it drives only when asked to drive."""

import sys
from dataclasses import dataclass

from hypercycle import hookimpl

observed = []


def smoothstep(x, xp):
    """Return ``3x² − 2x³``."""
    del xp
    return x * x * (3.0 - 2.0 * x)


@dataclass(frozen=True)
class Harmonic:
    """``1 / (1 + rate·cycle)``."""

    rate: float = 1.0

    def __call__(self, cycle, step, xp):
        del step, xp
        return 1.0 / (1.0 + self.rate * cycle)


class KettleCycler:
    """Sets a kettle's attributes, as the plan says."""

    def __init__(self, kettle, plan):
        self.kettle = kettle
        self.plan = plan
        self.steps = 0
        self.set_values()

    def set_values(self):
        for name, value in self.plan(self.steps).items():
            setattr(self.kettle, name, value)

    def step(self):
        self.steps += 1
        self.set_values()


@hookimpl
def hypercycle_waveforms():
    return {"smoothstep": smoothstep}


@hookimpl
def hypercycle_scales():
    return {"harmonic": Harmonic}


@hookimpl
def hypercycle_attach(target, plan):
    kettle = sys.modules.get("kettle")
    if kettle is None or not isinstance(target, kettle.Kettle):
        return None
    return KettleCycler(target, plan)


@hookimpl
def hypercycle_step(step, values):
    observed.append((step, dict(values)))
