"""What a study is: arms that are compared, and the runs that they are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from hypercycle import Plan

Kind = Literal["tuning", "range test", "final"]
Ensembles = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Setting:
    """What is trained on what.

    Attributes
    ----------
    data, network, optimizer
        Names in ``data.py`` and ``networks.py``.
    batch_size
        Of the updates. What is left over of an epoch is not used.
    bias_rate
        Biases learn at so many times the learning rate: Caffe's ``lr_mult``.
    """

    data: str
    network: str
    optimizer: str = "momentum"
    batch_size: int = 100
    bias_rate: float = 1.0


@dataclass(frozen=True)
class Grid:
    """Rates to try, each once for so many iterations; the best on validation samples is taken."""

    rates: tuple[float, ...]
    iterations: int


@dataclass(frozen=True)
class Sweep:
    """A range test instead of a grid, for each seed its own, on the weights of that seed."""

    start: float
    end: float
    steps: int


@dataclass(frozen=True)
class Arm:
    """What is compared with other arms: a way to make a plan, and where its rate comes from.

    Attributes
    ----------
    name
        Of the arm, without slashes.
    setting
        What is trained on what.
    plan
        ``plan(rate, iterations)``, all hyperparameters that the optimizer shall have. The rate is a
        number, or what a range test found: ``Found`` in ``tuning.py``.
    rate
        A number that is given, or how it is found.
    iterations
        Of each run.
    seeds
        Runs, unless the command line asks for another number.
    evaluations
        How often a run is evaluated, at even distances, the last time at its end.
    keeps_validation
        Whether the validation samples are left out of the training of the final runs too, so that
        one can choose between these by validation.
    tuned_as
        The arm whose rate this one takes; its own if empty. Arms with one range test name it alike.
    ensembles
        Names, and the iterations whose networks' mean probabilities are evaluated too, at the end.
    """

    name: str
    setting: Setting
    plan: Callable[[Any, int], Plan]
    rate: float | Grid | Sweep
    iterations: int
    seeds: int = 5
    evaluations: int = 16
    keeps_validation: bool = False
    tuned_as: str = ""
    ensembles: Ensembles = ()

    @property
    def tuning_name(self) -> str:
        """What its tuning is called."""
        return self.tuned_as or self.name


@dataclass(frozen=True)
class Study:
    """A question, and the arms that answer it.

    Attributes
    ----------
    name
        On the command line, and of the files of results.
    question
        In one sentence.
    arms
        In the order in which tables show them.
    """

    name: str
    question: str
    arms: tuple[Arm, ...] = field(repr=False)

    def chosen(self, names: list[str] | None) -> tuple[Arm, ...]:
        """Return the arms of these names, or all.

        Raises
        ------
        ValueError
            If there is no arm of a name.
        """
        known = {arm.name for arm in self.arms}
        if unknown := set(names or ()) - known:
            raise ValueError(
                f"{self.name} has no arm {min(unknown)!r}; it has {', '.join(sorted(known))}"
            )
        return tuple(arm for arm in self.arms if not names or arm.name in names)


@dataclass(frozen=True)
class Run:
    """One training, or one range test: all that decides its bits.

    Attributes
    ----------
    study, arm, kind, seed
        Which it is. The arm of a tuning or a range test is the one that it is called after.
    setting
        What is trained on what.
    plan
        What the optimizer follows; None in a range test.
    rate
        The rate that the plan was made with; NaN where it was made with bounds.
    iterations
        Updates.
    evaluated_at
        After so many iterations.
    trained_on, evaluated_on
        Parts of the data: "train", "validation", "test".
    sweep
        Of a range test.
    ensembles
        As those of an arm; among the iterations after which the run is evaluated.
    """

    study: str
    arm: str
    kind: Kind
    seed: int
    setting: Setting
    plan: Plan | None
    rate: float
    iterations: int
    evaluated_at: tuple[int, ...]
    trained_on: tuple[str, ...]
    evaluated_on: tuple[str, ...]
    sweep: Sweep | None = None
    ensembles: Ensembles = ()

    @property
    def name(self) -> str:
        """What the run and its folder are called; another one if anything is defined otherwise."""
        parts = [self.arm, f"seed{self.seed}"]
        if self.kind == "tuning":
            parts.insert(1, f"tuning-{self.rate:g}")
        elif self.kind == "range test":
            parts.insert(1, "range-test")
        return "-".join([*parts, self.fingerprint[:8]])

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of all that decides its bits, but for the versions of packages."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        facts["setting"] = asdict(self.setting)
        facts["plan"] = None if self.plan is None else self.plan.fingerprint()
        facts["sweep"] = None if self.sweep is None else asdict(self.sweep)
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Place:
    """Where runs happen: nothing of it decides their bits, as long as the kind of device is one.

    Attributes
    ----------
    folder
        Of the folders of the runs.
    data
        Of what is in no package.
    device
        As PyTorch calls it.
    checkpoint_seconds
        From one checkpoint to the next, at least.
    """

    folder: Path
    data: Path | None = None
    device: str = "cpu"
    checkpoint_seconds: float = 20.0


@dataclass(frozen=True)
class Result:
    """What came of a run.

    Attributes
    ----------
    ended
        "end", "diverged" where a loss was not finite, or "no bounds" of a range test.
    iterations
        Updates made.
    evaluations
        For each, the iteration, the accuracy and loss of each part of the data, and the seconds
        of wall and CPU that training had taken by then; the ensemble, where it is one.
    weights
        The SHA-256 of the last weights.
    bounds
        What a range test found.
    device, hardware, versions
        Where it was.
    """

    ended: str
    iterations: int
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    weights: str = ""
    bounds: dict[str, float] = field(default_factory=dict)
    device: str = ""
    hardware: str = ""
    versions: str = ""


def evaluation_points(iterations: int, count: int) -> tuple[int, ...]:
    """Return after which iterations a run is evaluated.

    >>> evaluation_points(100, 4)
    (25, 50, 75, 100)
    """
    return tuple(iterations * one // count for one in range(1, count + 1))
