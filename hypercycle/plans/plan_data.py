"""``PlanData``: a plan as what files and sweeps hold, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self


class PlanData(Mapping[str, Any]):
    """The half of :class:`hypercycle.Plan` that is about files and plain data."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
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
        >>> from hypercycle import Plan
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
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
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
        >>> from hypercycle import Plan
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
        >>> from hypercycle import Cycle, Plan
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
        >>> from hypercycle import Chain, Cycle, Plan, Ramp
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

    def override(self, changes: Mapping[str, Any]) -> Self:
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
        >>> from hypercycle import Cycle, Plan
        >>> plan = Plan(lr=Cycle(0.1, 0.5, 4), momentum=0.9)
        >>> plan.override({"lr.high": 0.3, "lr.waveform": "hann", "momentum": 0.8})
        Plan(lr=Cycle(0.1, 0.3, 4, waveform='hann'), momentum=Constant(0.8))
        """
        from hypercycle.plans.dotted import override

        return type(self)(**override(self, changes))
