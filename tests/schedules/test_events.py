"""Events against brute force over the places of steps."""

from fractions import Fraction

import pytest
import reference
import strategies
from hypothesis import example, given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.numbers.marks import checked_marks

SHORT = strategies.cycles(of=strategies.short_lengths)
SOME = strategies.examples(80)


def plain(events):
    return [tuple(event) for event in events]


@SOME
@given(SHORT)
@example(hc.Cycle(0, 1, 4, 0))
@example(hc.Cycle(0, 1, 0, 4, cycle_mult=2))
@example(hc.Cycle(0, 1, 4, phase=0.5, cycles=2))
@example(hc.Cycle(0, 1, 1, 0, cycles=3))
def test_the_events_of_a_cycle_are_its_peaks_and_ends(cycle):
    for step in range(80):
        assert plain(cycle.events(step)) == reference.events(cycle, step)


@strategies.examples(100)
@given(strategies.cycles(), strategies.steps)
def test_the_events_of_late_steps_are_as_exact(cycle, step):
    assert plain(cycle.events(step)) == reference.events(cycle, step)
    end = step + cycle.steps_to_cycle_end(step)
    assert plain(cycle.events(end)) == reference.events(cycle, end)


@SOME
@given(SHORT)
def test_events_agree_with_locate_and_is_cycle_end(cycle):
    for step in range(60):
        names = [event.name for event in cycle.events(step)]
        assert ("cycle_end" in names) == cycle.is_cycle_end(step)
        if cycle.step_size_down != 0:
            over = cycle.length is not None and step > cycle.length
            assert ("peak" in names) == (cycle.locate(step).x == 1.0 and not over)
        else:
            assert ("peak" in names) == cycle.is_cycle_end(step)
        assert all(event.step == step for event in cycle.events(step))


def test_the_events_of_the_three_kinds_of_cycles():
    def told(cycle, steps):
        return {s: [(e.name, e.cycle) for e in cycle.events(s)] for s in steps if cycle.events(s)}

    triangle, saw_tooth, restarts = (
        hc.Cycle(0, 1, up, down, cycles=2) for up, down in ((3, 3), (3, 0), (0, 3))
    )
    peaks_then_ends = {3: [("peak", 0)], 6: [("cycle_end", 0)], 9: [("peak", 1)]}
    assert told(triangle, range(20)) == {**peaks_then_ends, 12: [("cycle_end", 1)]}
    assert told(saw_tooth, range(20)) == {
        3: [("peak", 0), ("cycle_end", 0)],
        6: [("peak", 1), ("cycle_end", 1)],
    }
    assert told(restarts, range(20)) == {
        0: [("peak", 0)],
        3: [("cycle_end", 0), ("peak", 1)],
        6: [("cycle_end", 1)],
    }
    assert triangle.events(3) == [hc.Event("peak", 0, 3)]


def walked(chain, last_step):
    """Yield (step, events) of a flat chain by replaying its parts one after the other."""
    told = {step: [] for step in range(last_step + 1)}
    start = 0
    for number, part in enumerate(chain.parts):
        schedule = part[0] if isinstance(part, tuple) else part
        steps = reference.length(part)
        last = number == len(chain.parts) - 1
        stop = last_step - start if steps is None else min(steps, last_step - start)
        if isinstance(schedule, hc.Cycle):
            for local in range(stop + 1):
                happened = reference.events(schedule, local)
                if local == steps and not last:
                    # The next part is in force here: what this one completed is all that counts.
                    ends = [event[1] for event in happened if event[0] == "cycle_end"]
                    happened = [event for event in happened if event[1] in ends]
                told[start + local] += [(name, cycle, start + local) for name, cycle, _ in happened]
        start += 0 if steps is None else steps
        if start > last_step:
            break
    return told.items()


@SOME
@given(strategies.chains(depth=0))
@example(hc.Chain(hc.Ramp(0, 1, 4), hc.sgdr(0, 1, 5, cycle_mult=2)))
@example(hc.Chain((hc.Cycle(0, 1, 5), 5), hc.Constant(1)))
@example(hc.Chain((hc.Cycle(0, 1, 0, 5), 10), (hc.Cycle(0, 1, 5, 0), 10), (hc.Constant(1), 0)))
def test_the_events_of_a_chain_are_those_of_its_parts(chain):
    for step, expected in walked(chain, 60):
        assert plain(chain.events(step)) == expected


def test_a_nested_chain_tells_what_the_flat_one_tells():
    one, two = hc.Cycle(0, 1, 2, 3, cycles=2), hc.sgdr(0, 1, 4, cycles=2)
    ramp = hc.Ramp(0, 1, 3)
    flat, nested = hc.Chain(ramp, one, two, one), hc.Chain(hc.Chain(ramp, one), hc.Chain(two, one))
    for step in range(40):
        assert nested.events(step) == flat.events(step)
        assert nested(step) == flat(step)


@SOME
@given(SHORT, SHORT)
def test_the_events_of_a_product_are_those_of_both(first, second):
    product = hc.Product(first, second)
    for step in range(40):
        expected = dict.fromkeys(reference.events(first, step) + reference.events(second, step))
        assert plain(product.events(step)) == list(expected)


@SOME
@given(SHORT, SHORT, st.integers(0, 50))
def test_the_events_of_a_plan_are_those_of_its_lr(lr, other, step):
    plan = hc.Plan(momentum=other, lr=lr, weight_decay=0.1, beta1=hc.Groups({0: other}))
    assert plain(plan.events(step)) == reference.events(lr, step)
    assert plain(plan.events(step, of="momentum")) == reference.events(other, step)
    assert plain(plan.events(step, of=other)) == reference.events(other, step)
    assert plain(hc.Plan(momentum=other).events(step)) == reference.events(other, step)
    assert plan.events(step, of="weight_decay") == []
    assert plan.events(step, of=lambda step: 0.1) == []


def test_a_plan_without_an_owner_of_the_clock_is_told_to_name_one():
    cycle = hc.Cycle(0, 1, 5)
    plan = hc.Plan(momentum=cycle, weight_decay=hc.Groups({0: cycle}))
    with pytest.raises(ValueError, match=r"events follow the plan's 'lr', which is not among \["):
        plan.events(3)
    with pytest.raises(ValueError, match="'weight_decay' has one schedule per group, so its event"):
        plan.events(3, of="weight_decay")
    with pytest.raises(ValueError, match="follow the plan's 'eps', which is not among"):
        plan.events(3, of="eps")


@SOME
@given(strategies.schedules(of=strategies.short_lengths), st.integers(0, 30), st.integers(0, 30))
@example(hc.Cycle(0, 1, 4, 0, cycles=3), 2, 60)
@example(hc.Cycle(0, 1, 0, 4, phase=0.5), 0, 20)
@example(hc.Chain((0.5, 5), hc.Cycle(0, 1, 0, 4)), 4, 3)
@example(hc.Chain((hc.Cycle(0, 1, 0, 4), 0), (hc.Cycle(0, 1, 0, 3), 6), hc.Cycle(0, 1, 0, 4)), 0, 9)
def test_the_events_of_a_jump_are_those_of_its_steps_in_their_order(schedule, first, further):
    steps, marks = range(first + 1, first + further + 1), checked_marks(MARKS)
    for told in ((), marks):
        expected = [event for step in steps for event in schedule.events(step, told)]
        assert list(schedule.events_between(first, first + further, told)) == expected


def test_a_long_jump_looks_at_events_alone():
    cycle = hc.Cycle(0, 1, 10**9, cycle_mult=2)
    events = list(cycle.events_between(10**9, 10**12))
    assert len(events) == 16
    assert events[-1] == ("peak", 8, 766 * 10**9)


# Marks.

MARKS = {"start": 0, "early": 0.1, "half": 0.5, "third": 1 / 3, "sample": 0.9, "late": 0.999}


def marked(cycle, step, marks):
    """What an update moves over: the places from after the step before to this one."""
    parts = [(name, Fraction(repr(float(place)))) for name, place in marks.items()]
    here = reference.spot(cycle, step)
    before = reference.spot(cycle, step - 1) if step > 0 else None
    if here.step < step:
        return []
    found = [
        (spot.cycle, part, (name, spot.cycle, step))
        for spot, since in ((before, 1), (here if before is None else None, 0))
        if spot is not None
        for name, part in parts
        if part > 0 and since - 1 < part * (spot.up + spot.down) - spot.step_in_cycle <= since
    ]
    if here.step_in_cycle == 0:
        found += [(here.cycle, part, (name, here.cycle, step)) for name, part in parts if part == 0]
    for name, number, at in reference.events(cycle, step):
        whole = name == "cycle_end" or cycle.step_size_down == 0
        spot = before if whole else here
        part = Fraction(1) if whole else Fraction(spot.up, spot.up + spot.down)
        found.append((number, part, (name, number, at)))
    return [event for *_, event in sorted(found, key=lambda one: one[:2])]


@SOME
@given(SHORT)
@example(hc.Cycle(0, 1, 4, 0))
@example(hc.Cycle(0, 1, 0, 4, cycle_mult=2))
@example(hc.Cycle(0, 1, 4, phase=0.5, cycles=2))
@example(hc.Cycle(0, 1, 1, 0, cycles=3))
def test_marks_are_told_where_an_update_moves_over_them(cycle):
    for step in range(80):
        assert plain(cycle.events(step, MARKS)) == marked(cycle, step, MARKS)


@SOME
@given(strategies.cycles(), strategies.steps)
def test_marks_of_late_steps_are_as_exact(cycle, step):
    end = step + cycle.steps_to_cycle_end(step)
    for late in (step, end):
        assert plain(cycle.events(late, MARKS)) == marked(cycle, late, MARKS)


def test_each_mark_is_told_once_in_each_cycle():
    cycle = hc.sgdr(0.0, 1.0, 7, cycle_mult=1.7, cycles=5)
    told = [event for step in range(cycle.length + 9) for event in cycle.events(step, MARKS)]
    for name in MARKS:
        assert [event.cycle for event in told if event.name == name] == [0, 1, 2, 3, 4]


def test_a_tenth_is_a_tenth():
    """0.9 as a float is above nine tenths: a step late, where its digits are not taken."""
    cycle = hc.Cycle(0.0, 1.0, 5)
    (event,) = cycle.events(9, {"sample": 0.9})
    assert event == ("sample", 0, 9)
    far = 10**12
    assert cycle.events(far + 9, {"sample": 0.9}) == [("sample", far // 10, far + 9)]


def test_marks_go_into_chains_and_products():
    cycle = hc.Cycle(0.0, 1.0, 2, cycles=2)
    chain = hc.Chain(hc.Ramp(0.0, 1.0, 3), cycle, 0.5)
    product = hc.Product(hc.Ramp(0.0, 1.0, 3), cycle)
    marks = checked_marks({"sample": 0.75})
    assert [plain(chain.events(step, marks)) for step in (5, 6, 7, 10, 11)] == [
        [("peak", 0, 5)],
        [("sample", 0, 6)],
        [("cycle_end", 0, 7)],
        [("sample", 1, 10)],
        [("cycle_end", 1, 11)],
    ]
    assert plain(product.events(3, marks)) == [("sample", 0, 3)]
    plan = hc.Plan(momentum=cycle, lr=hc.Ramp(0.0, 1.0, 3))
    assert plain(plan.events(3, "momentum", {"sample": 0.75})) == [("sample", 0, 3)]
    assert plan.events(3, marks={"sample": 0.75}) == []
