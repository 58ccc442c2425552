"""``Plan``: which hyperparameter follows which schedule; ``Groups``: one schedule per group."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from hypercycle.numbers.clock import Event
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record, Schedule


class Plan(Mapping[str, Any]):
    """Names of hyperparameters and the schedules that they follow.

    Names are neutral and mean the same in every framework: ``lr``, ``momentum``, ``beta1``,
    ``beta2``, ``weight_decay``, ``eps``; anything else is the framework's own name. A number means
    :class:`~hypercycle.Constant`. A plan is read-only and hashable, and prints, compares and
    pickles as the record that it is.

    Raises
    ------
    TypeError, ValueError
        If there is no schedule, or a value is neither a schedule, nor Groups, nor a number.

    Examples
    --------
    >>> from hypercycle import Cycle
    >>> lr = Cycle(0.1, 0.5, 4)
    >>> plan = Plan(lr=lr, momentum=lr.opposite(0.85, 0.95), weight_decay=1e-4)
    >>> plan(4)
    {'lr': 0.5, 'momentum': 0.85, 'weight_decay': 0.0001}
    >>> Plan(lr=Cycle(0.1, 0.5, "2ep")).resolve(steps_per_epoch=10)
    Plan(lr=Cycle(0.1, 0.5, 20))
    """

    def __init__(self, /, **schedules: Any) -> None:
        if not schedules:
            raise ValueError("Plan needs at least one schedule, such as Plan(lr=Cycle(…))")
        for name in ("steps_per_epoch", "total_steps"):
            if name in schedules:
                raise ValueError(
                    f"{name} is a fact of the run, not a hyperparameter: give it to attach(…, "
                    f"{name}=…) or plan.resolve({name}=…)"
                )
        self._schedules = {
            name: value if isinstance(value, Groups) else as_schedule(value, name)
            for name, value in schedules.items()
        }

    def __getattr__(self, name: str) -> Any:
        known = name in vars(self).get("_schedules", ())
        hint = f": a plan is a mapping, plan[{name!r}]" if known else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __getitem__(self, name: str) -> Any:
        return self._schedules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._schedules)

    def __len__(self) -> int:
        return len(self._schedules)

    def __hash__(self) -> int:
        return hash(frozenset(self._schedules.items()))

    def __repr__(self) -> str:
        if all(name.isidentifier() for name in self):
            return f"Plan({', '.join(f'{name}={value!r}' for name, value in self.items())})"
        return f"Plan(**{self._schedules!r})"

    def __call__(self, step: Any) -> dict[str, Any]:
        """Return ``{name: value}`` at a step: floats for an int, arrays for an array of steps.

        The value of a name with :class:`Groups` is a dict ``{group: value}``, and that of a
        :class:`~hypercycle.Mixture` a dict by the names of its weights.

        Raises
        ------
        ValueError
            If a length has a unit that is not resolved yet.
        """
        return {name: schedule(step) for name, schedule in self._schedules.items()}

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        return all(one.resolved for one in self.values())

    def resolve(
        self, *, steps_per_epoch: int | None = None, total_steps: int | None = None
    ) -> Plan:
        """Return the plan with all lengths in steps.

        Parameters
        ----------
        steps_per_epoch
            Optimizer updates per epoch, for lengths such as ``"4ep"``.
        total_steps
            Optimizer updates of the whole run, for lengths such as ``"30%"``.

        Raises
        ------
        ValueError
            If a length needs one that is not given.
        """
        units = {"steps_per_epoch": steps_per_epoch, "total_steps": total_steps}
        return Plan(**{name: schedule.resolve(**units) for name, schedule in self.items()})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Plan:
        r"""Return the plan in a file: TOML, JSON or YAML, by its suffix.

        Reading a file never runs code; sizes are limited, so that no file keeps a reader busy.

        Parameters
        ----------
        path
            A file that ends in ``.toml``, ``.json``, ``.yaml`` or ``.yml``.

        Raises
        ------
        hypercycle.plan_files.PlanFileError
            If the file holds no plan: a ValueError whose ``problems`` are all that is wrong, each
            with its path in the file, what was got and what is allowed.
        OSError
            If the file cannot be read.
        ImportError
            If PyYAML is missing, for YAML, with what to install.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> text = "[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = 4"
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "plan.toml")
        ...     _ = file.write_text(text)
        ...     Plan.load(file)
        Plan(lr=Cycle(0.1, 0.5, 4))
        """
        from hypercycle.plan_files.files import load_schedules  # files bring much with them

        return cls(**load_schedules(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan to a file, from which :meth:`load` makes an equal one.

        Waveforms and scale policies are written by their registered names, with the package of
        the plugin that offers them. A file that is there is replaced when all is written.

        Parameters
        ----------
        path
            A file that ends in ``.toml``, ``.json``, ``.yaml`` or ``.yml``.

        Raises
        ------
        hypercycle.plan_files.PlanFileError
            If a schedule is, or has in it, a function that has no registered name, or if
            :meth:`load` would refuse the file, for its size or for a name.
        OSError
            If the file cannot be written.
        ImportError
            If tomlkit (for TOML) or PyYAML (for YAML) is missing.
        """
        from hypercycle.plan_files.files import save_schedules

        save_schedules(self, path)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Return the plan in plain data: what a plan file holds, from wherever it comes.

        As in a file, each name has a number or a mapping whose ``kind`` says which schedule it is
        (``"cycle"`` if there is none), and sizes are limited. Mappings and sequences may be those
        of other libraries, such as OmegaConf's.

        Raises
        ------
        hypercycle.plan_files.PlanFileError
            If the data are no plan: a ValueError whose ``problems`` are all that is wrong, each
            with its path, such as ``"lr.parts.1.high"``.

        Examples
        --------
        >>> Plan.from_dict({"lr": {"low": 0.1, "high": 0.5, "step_size_up": 4}, "momentum": 0.9})
        Plan(lr=Cycle(0.1, 0.5, 4), momentum=Constant(0.9))
        """
        from hypercycle.plan_files.files import schedules_in

        return cls(**schedules_in(data))

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data (dict, list, str, float, int, bool): what a file holds.

        What is at its default is left out. :meth:`from_dict` makes an equal plan of it.

        Raises
        ------
        hypercycle.plan_files.PlanFileError
            If a schedule is, or has in it, a function that has no registered name, or if
            :meth:`from_dict` would refuse the data, for their size or for a name.

        Examples
        --------
        >>> from hypercycle import Cycle
        >>> Plan(lr=Cycle(0.1, 0.5, "4ep", waveform="hann")).to_dict()
        {'lr': {'low': 0.1, 'high': 0.5, 'step_size_up': '4ep', 'waveform': 'hann'}}
        """
        from hypercycle.plan_files.files import readable_data

        return readable_data(self)

    def flat(self) -> dict[str, str | float]:
        """Return what :meth:`to_dict` holds under dotted keys, as loggers of parameters take it.

        The keys are the paths in the errors of :meth:`from_dict` and of files: the parts of a chain
        and the members of pairs by their index, groups by their key. The values are numbers, texts
        and bools. A function of yours is its name. ``plan.override(plan.flat()) == plan``.

        Raises
        ------
        ValueError
            If two values would have one key, since there are dots in names too, or a group is named
            like an index, as ``"0"``.

        Examples
        --------
        >>> from hypercycle import Chain, Cycle, Ramp
        >>> plan = Plan(lr=Chain((Ramp(0.0, 0.1, 4), "2ep"), Cycle(0.1, 0.5, 4)))
        >>> for key, value in plan.flat().items():
        ...     print(key, "=", value)
        lr.kind = chain
        lr.parts.0.0.kind = ramp
        lr.parts.0.0.start = 0.0
        lr.parts.0.0.end = 0.1
        lr.parts.0.0.steps = 4
        lr.parts.0.1 = 2ep
        lr.parts.1.low = 0.1
        lr.parts.1.high = 0.5
        lr.parts.1.step_size_up = 4
        """
        from hypercycle.plans.dotted import flat

        return flat(self)

    def override(self, changes: Mapping[str, Any]) -> Plan:
        """Return a plan in which the values under dotted keys are others.

        A :class:`~hypercycle.Reference` to ``lr`` follows what ``lr`` becomes. The opposite of a
        cycle is a cycle of its own: new lengths of ``lr`` leave ``momentum`` as it is.

        Parameters
        ----------
        changes
            New values by the keys of :meth:`flat`; also of what is at its default there, such as
            ``"lr.waveform"``, and of what holds others, such as ``"lr"``, whose value is all that
            it is to hold, as in :meth:`from_dict`.

        Raises
        ------
        hypercycle.plan_files.PlanFileError
            If there is no such key, or a schedule refuses its new values: a ValueError whose
            ``problems`` are all that is wrong.

        Examples
        --------
        >>> from hypercycle import Cycle
        >>> plan = Plan(lr=Cycle(0.1, 0.5, 4), momentum=0.9)
        >>> plan.override({"lr.high": 0.3, "lr.waveform": "hann", "momentum": 0.8})
        Plan(lr=Cycle(0.1, 0.3, 4, waveform='hann'), momentum=Constant(0.8))
        """
        from hypercycle.plans.dotted import override

        return Plan(**override(self, changes))

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that tell this plan from any other.

        For states that hold a count and no plan, such as Optax's and Keras's weights: store it
        beside them, and ask :meth:`check_fingerprint` before they are loaded. It is the start of
        the SHA-256 of the plan's description: the same in every process, and for a plan that is
        read from a file or pickled. A function of your own counts by its name.

        Examples
        --------
        >>> from hypercycle import Cycle
        >>> Plan(lr=Cycle(0.1, 0.5, 4)).fingerprint()
        'a9518300bdef2432'
        """
        import hashlib
        import json

        # Through JSON first, where the index of a group is a text.
        description = json.loads(json.dumps(describe_plan(self)))
        text = json.dumps(description, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def check_fingerprint(self, saved: str) -> None:
        """Raise ValueError if a fingerprint is that of another plan.

        >>> plan = Plan(lr=0.1)
        >>> plan.check_fingerprint(plan.fingerprint())
        """
        present = self.fingerprint()
        if saved != present:
            raise ValueError(
                f"what was saved belongs to another plan: its fingerprint is {saved!r:.40}, and "
                f"{present!r} is that of {self!r:.200}"
            )

    def events(self, step: int, of: str | Schedule | None = None) -> list[Event]:
        """Return what happens when training moves onto ``step``.

        Events are those of the plan's ``lr`` (or its only schedule) unless ``of`` names another,
        or is a schedule itself.

        >>> from hypercycle import Cycle
        >>> Plan(lr=Cycle(0.1, 0.5, 4)).events(8)
        [Event(name='cycle_end', cycle=0, step=8)]
        """
        return self.clock_owner(of).events(step)

    def clock_owner(self, of: str | Schedule | None = None) -> Record:
        """Return the schedule whose peaks and cycle ends are the plan's.

        Raises
        ------
        ValueError
            If it is not clear which one, with what to say.
        """
        if callable(of):
            return as_schedule(of, "events_of")
        if of is None:
            of = next(iter(self)) if len(self) == 1 else "lr"
        owner = self._schedules.get(of)
        if owner is None:
            raise ValueError(
                f"events follow the plan's {of!r}, which is not among {sorted(self)}: name one of "
                "these, or give a schedule"
            )
        if isinstance(owner, Groups):
            raise ValueError(
                f"{of!r} has one schedule per group, so its events are ambiguous: give the "
                "schedule whose events are meant"
            )
        schedule: Record = owner
        return schedule


def describe_plan(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data.

    >>> from hypercycle import Cycle
    >>> describe_plan(Plan(lr=Cycle(0.1, 0.5, 4), momentum=0.9))["momentum"]
    {'kind': 'constant', 'value': 0.9}
    """
    from hypercycle.schedules.description import describe  # states bring much with them

    return {name: describe(schedule) for name, schedule in plan.items()}


def plan_from(description: Mapping[str, Any]) -> Plan:
    """Return the plan that a description describes.

    Raises
    ------
    ValueError
        If it holds a user's own function, or something that is not a description; each problem
        has a line.
    """
    from hypercycle.schedules.description import schedules_from

    return Plan(**schedules_from(description))
