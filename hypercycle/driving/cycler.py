"""What every cycler shares: the step it is at, its values, its state, its events."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any

from hypercycle import plugins
from hypercycle.driving import states
from hypercycle.driving.drivers import driver_of, release, take
from hypercycle.driving.ending import end_of
from hypercycle.driving.options import OnMismatch, Options, check_not_all_zero
from hypercycle.driving.telling import raise_first, tell_events, tell_observers
from hypercycle.driving.tracks import Track, Tracks
from hypercycle.driving.warning import MisuseWarning, warn
from hypercycle.numbers.lengths import STEPS
from hypercycle.plans.descriptions import describe_plan
from hypercycle.plans.plan import Plan, plan_from
from hypercycle.schedules.schedule import Record

_ADOPTED = (
    "plan", "_initial", "_tracks", "_columns", "_first_step", "_rows_ahead", "_clock_owner",
    "last_epoch", "_watched", "_give_back", "_end",
)  # fmt: skip
# What is computed ahead is computed again; plugins belong to the process.
_LEFT_OUT = {
    "_columns", "_first_step", "_rows_ahead", "_observers", "_watched", "_give_back"
}  # fmt: skip


class Cycler(ABC):
    """Keeps the hyperparameters of a target at the values of its step.

    A kind of target says what it has (``tracks_for``), how it is assigned (``write``) and how that
    is undone (``keep``).

    ``step()`` after each update moves it on. What is computed ahead is looked up by the step, so
    that assigning ``last_epoch`` or loading a state never brings up stale values.

    Attributes
    ----------
    plan
        The schedules, lengths in steps.
    last_epoch
        Updates made (the name is PyTorch's). The next ``step()`` goes on from what is assigned.
    detached
        Whether it has let go of the target: by :meth:`detach`, or at the end of the plan.
    """

    plan: Plan
    last_epoch: int
    # What ``install`` keeps in attributes.
    bound: tuple[str, ...] = ()
    # Nothing is computed ahead yet.
    _first_step = _rows_ahead = 0
    detached: bool = False
    _give_back: Callable[[], object] | None = None
    # Where a jump began, until its events are told.
    _jumped_from: int | None = None
    # Where it lets go by itself, and whether it has.
    _end: int | None = None
    _is_over: bool = False

    # What a kind of target brings along.

    @property
    @abstractmethod
    def target(self) -> Any:
        """What is driven."""

    @abstractmethod
    def tracks_for(self, plan: Plan, initial: dict[str, list[float]] | None) -> tuple[Track, ...]:
        """Return the tracks of a plan, one for each name; refuse what the target does not have.

        ``initial`` holds the values that a relative plan multiplies, by name; else it is None.
        """

    @abstractmethod
    def write(self, tracks: tuple[Track, ...], row: tuple[Any, ...]) -> None:
        """Assign the values of a step: one for each track, or a list of one per key."""

    @abstractmethod
    def keep(self, tracks: tuple[Track, ...]) -> Callable[[], object]:
        """Return what puts back all that writing these tracks changes.

        It is called where a value is refused, or an observer fails, when the target is attached
        or a state is loaded.
        """

    def places(self, tracks: tuple[Track, ...]) -> dict[Hashable, str]:
        """Return what is written, with its name in the plan: two cyclers may meet there."""
        return {track.name: track.name for track in tracks}

    def install(self, tracks: tuple[Track, ...], columns: list[list[Any]]) -> None:
        """Assign the first row of the columns, from which further rows will come."""
        self.write(tracks, tuple(column[0] for column in columns))

    # Moving on.

    def begin(self, plan: Plan, options: Options, initial: dict[str, list[float]] | None) -> None:
        """Start to drive the target: the values of ``options.start_step`` are assigned."""
        self._options = options
        self._observers = plugins.observers()
        for name, values in (initial or {}).items():
            check_not_all_zero(name, values)
        tracks = self.tracks_for(plan, initial)
        places = self.places(tracks)
        met: dict[int, tuple[Cycler, set[str]]] = {}
        for place, name in places.items():
            earlier = driver_of(self.target, place)
            if earlier is not None:
                met.setdefault(id(earlier), (earlier, set()))[1].add(name)
        for earlier, names in met.values():
            met_on = ", ".join(sorted(names))
            warn(self.meeting(earlier, met_on, places), category=MisuseWarning)
        self._adopt(plan, initial, tracks, options.start_step)

    def meeting(self, earlier: Cycler, names: str, places: Mapping[Hashable, str]) -> str:
        """Return what to warn of where an earlier cycler drives some of the places too."""
        del earlier, places
        return (
            f"an earlier attach() drives {names} of this {type(self.target).__name__} too, and "
            "whichever of the two cyclers steps last decides: step this one alone from now on"
        )

    def _adopt(
        self,
        plan: Plan,
        initial: dict[str, list[float]] | None,
        tracks: tuple[Track, ...],
        step: int,
    ) -> None:
        """Go on with a plan at a step, or leave the target and this cycler as they were."""
        joint = Tracks(tracks, jumps=self.clock != STEPS)
        columns = joint.columns(step)
        clock_owner = self._clock_owner_of(plan)
        end = end_of(plan) if self._options.at_end == "detach" else None
        names = (*_ADOPTED, *self.bound)
        before = {name: getattr(self, name) for name in names if hasattr(self, name)}
        put_back = self.keep(tracks)
        try:
            self.install(tracks, columns)
            self.plan = plan
            self._initial = initial
            self._tracks = joint
            self._end = end
            self._columns = columns
            self._begin_ahead(step)
            self._clock_owner = clock_owner
            self._give_back = self._give_back or put_back
            self.last_epoch = step
            self._watched = clock_owner is not None or bool(self._observers)
            raise_first(self._observe())
        except BaseException:
            put_back()
            # Not through __dict__: once it is asked for, CPython looks attributes up more slowly.
            for name, value in before.items():
                setattr(self, name, value)
            raise
        if self._is_over:
            self._is_over = self.detached = False
            del self.step
        take(self, self.places(tracks))
        if end is not None and step >= end:
            if "plan" in before:  # loaded: what took over has its values in the target's own state
                put_back()
            self._let_go(at_end=True)

    def _clock_owner_of(self, plan: Plan) -> Record | None:
        if self._options.on_event is None:
            return None
        return plan.clock_owner(self._options.events_of)

    def detach(self, *, restore: bool = False) -> None:
        """Stop driving the target: ``step()`` does nothing any more, whoever calls it.

        Parameters
        ----------
        restore
            Give back the values that the target had when it was attached, instead of leaving the
            present ones.

        Raises
        ------
        RuntimeError
            If they are to be restored by a copy of a cycler, which has not seen them.
        """
        if restore:
            if self._give_back is None:
                raise RuntimeError(
                    "a copy of a cycler does not know the values from before it was attached: "
                    "detach the one that attach() returned"
                )
            self._give_back()
        self._let_go(at_end=False)

    def _let_go(self, *, at_end: bool) -> None:
        self.detached, self._is_over = True, at_end
        self._watched = False
        self.step = _stay  # type: ignore[method-assign]
        release(self, self.places(self._tracks.tracks))

    def step(self) -> None:
        """Move on by one update and assign the values of the new step."""
        step = self.last_epoch + 1
        self.write(self._tracks.tracks, self._row(step))
        self.last_epoch = step
        if self._watched:
            self._tell(step)

    def _row(self, step: int) -> tuple[Any, ...]:
        index = step - self._first_step
        if not 0 <= index < self._rows_ahead:
            index = self._look_ahead(step)
        return tuple(column[index] for column in self._columns)

    def _look_ahead(self, step: int) -> int:
        """Compute the values of ``step`` and some after it, and return the index of ``step``."""
        # Into the same lists, which whoever writes them keeps at hand. A single row without the
        # detour by Tracks.columns, which is a fifth of a jump ("A jump" of benchmarks/values.py).
        row = self._tracks.row(step)
        if row is not None:
            for column, value in zip(self._columns, row, strict=True):
                column[:] = (value,)
            self._first_step, self._rows_ahead = step, 1
        else:
            for column, values in zip(self._columns, self._tracks.block(step), strict=True):
                column[:] = values
            self._begin_ahead(step)
        if self._end is not None and step >= self._end:
            self._watched = True
        return 0

    def _begin_ahead(self, step: int) -> None:
        """Let the columns begin at a step; where the plan ends, there is to be another look."""
        rows = len(self._columns[0])
        if self._end is not None:
            rows = max(min(rows, self._end - step), 1)
        self._first_step, self._rows_ahead = step, rows

    def _forget_ahead(self) -> None:
        self._columns = [[] for _ in self._tracks.tracks]
        self._first_step = self._rows_ahead = 0

    def _tell(self, step: int) -> None:
        """Tell of the events of a step, or of a jump to it, then observers, even if one fails.

        At the end of the plan the target is let go, where that was asked for.
        """
        on_event, errors = self._options.on_event, []
        begun, self._jumped_from = self._jumped_from, None
        if on_event is not None and self._clock_owner is not None:
            owner, marks = self._clock_owner, self._options.marks
            jump = None if begun is None else owner.events_between(begun, step, marks)
            events = owner.events(step, marks) if jump is None else jump
            errors = tell_events(on_event, events) if events else []
        if self._observers:
            errors += self._observe()
        if self._end is not None and step >= self._end:
            self._let_go(at_end=True)
        raise_first(errors)

    def _observe(self) -> list[Exception]:
        return tell_observers(
            self._observers,
            lambda: {"step": self.last_epoch, "values": self.values, "target": self.target},
        )

    @property
    def clock(self) -> str:
        """What a step of the plan counts, ``"steps"`` (updates) or that of its lengths."""
        return self._options.clock

    @property
    def plan_step(self) -> int:
        """The step of the plan that the values are those of (updates made, or what is counted)."""
        return int(self.last_epoch)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the present step by name; a dict by group where groups differ."""
        row = self._row(self.last_epoch)
        tracks = zip(self._tracks.tracks, row, strict=True)
        return {track.name: track.value(entry) for track, entry in tracks}

    # State.

    def state_dict(self) -> dict[str, Any]:
        """Return a new dict: the step, the description of the plan as a text of JSON.

        ``initial`` is the text of the initial values that a relative plan multiplies, or null.
        """
        plan, run = describe_plan(self.plan), self._options.run
        return states.state_of(int(self.last_epoch), plan, self.present_initial(), run)

    def present_initial(self) -> dict[str, list[float]] | None:
        """Return the values that a relative plan multiplies, by name, as they are to be saved."""
        return self._initial

    def load_state_dict(
        self, state_dict: Mapping[str, Any], on_mismatch: OnMismatch | None = None
    ) -> None:
        """Continue where a state was saved; its values are assigned when this returns.

        Parameters
        ----------
        state_dict
            What :meth:`state_dict` returned. It is not changed.
        on_mismatch
            What to do where the saved description differs from the present plan, if not what was
            told to ``attach``: ``"error"`` refuses and lists the differences; ``"saved"`` takes
            the saved schedules, ``"current"`` keeps the present ones, and ``"rescale"`` keeps them
            at the same place of the run, where only lengths differ; these warn.

        Raises
        ------
        ValueError
            If this is not the state of a cycler, or on a mismatch. Nothing is changed then.
        OverflowError
            If a scale policy has grown until a value of the saved step is not finite.
        """
        self._adopt(*self.read(state_dict, on_mismatch))

    def read(
        self, state_dict: Mapping[str, Any], on_mismatch: OnMismatch | None
    ) -> tuple[Plan, dict[str, list[float]] | None, tuple[Track, ...], int]:
        """Return the plan, initial values, tracks and step of a state; change nothing."""
        step, saved_plan, saved_initial, saved_run = states.read_state(state_dict)
        options = self._options
        states.check_clock(state_dict, self.clock)
        if on_mismatch is not None:
            options = replace(options, on_mismatch=on_mismatch)  # which refuses other words
        choice = options.on_mismatch
        plan, initial = self.plan, saved_initial
        lines = states.mismatches(step, saved_plan, describe_plan(self.plan))
        if set(saved_initial or ()) != set(self._initial or ()):
            then, now = _kind(saved_initial, saved_plan), _kind(self._initial, self.plan)
            lines.append(f"the plan was saved as {then} and is now {now}")
        if lines:
            listed = "\n  ".join(lines)
            alike = states.only_lengths_differ(saved_plan, describe_plan(self.plan))
            if choice == "error" or (choice == "rescale" and not alike):
                raise ValueError(
                    f"the saved schedules differ from the present ones:\n  {listed}\n"
                    "Pass on_mismatch='saved' to go on with the saved ones, 'current' to keep the "
                    "present ones at the saved step, or 'rescale' to keep them at the same place "
                    "of the run, where nothing but lengths differs."
                )
            how = f"the {choice} schedules"
            if choice == "rescale":
                before, step = step, states.rescaled_step(step, saved_run, options.run)
                how = f"the present schedules at step {step}, for the saved one {before}"
            warn(f"going on with {how}; the differences are:\n  {listed}")
            if choice == "saved":
                plan = plan_from(saved_plan)
            else:
                initial = self._initial_after_mismatch(saved_initial)
        initial = None if initial is None else {name: list(v) for name, v in initial.items()}
        try:
            tracks = self.tracks_for(plan, initial)
        except TypeError as error:
            raise ValueError(f"the saved schedules do not fit the target: {error}") from error
        return plan, initial, tracks, step

    def _initial_after_mismatch(
        self, saved: dict[str, list[float]] | None
    ) -> dict[str, list[float]] | None:
        """Keep the present plan, with the saved initial values where both are relative."""
        if self._initial is None or saved is None:
            return self._initial
        return {name: saved.get(name, values) for name, values in self._initial.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _LEFT_OUT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)  # not into __dict__, as in _adopt
        self._forget_ahead()
        self._observers = plugins.observers()
        watched = self._clock_owner is not None or bool(self._observers)
        self._watched = watched and not self.detached

    def __repr__(self) -> str:
        return f"{type(self).__name__}(step={self.last_epoch}, {self.plan!r})"


def _stay(*arguments: Any, **keywords: Any) -> None:
    """Take the place of ``step`` in a cycler that is detached: to ask at each step would cost."""
    del arguments, keywords


def _kind(initial: Any, plan: Mapping[str, Any]) -> str:
    if initial is None:
        return "absolute"
    return "relative" if set(initial) == set(plan) else f"relative in {', '.join(sorted(initial))}"
