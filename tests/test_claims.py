"""What README and docs say of others, shown."""

from fractions import Fraction

import pytest
import torch
from torch.optim.lr_scheduler import CyclicLR

import hypercycle as hc


def cyclic_lr(**options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    return CyclicLR(optimizer, 0.0, 1.0, cycle_momentum=False, **options)


def at(scheduler, step):
    scheduler.last_epoch = step
    scheduler._get_lr_called_within_step = True
    return scheduler.get_lr()[0]


def test_cyclic_lr_is_off_by_more_than_1e_7_at_step_1e10():
    theirs = cyclic_lr(step_size_up=3, step_size_down=7)
    ours = hc.Cycle(0.0, 1.0, 3, 7)
    their_error = our_error = 0.0
    for step in range(10**10, 10**10 + 10):
        t = step % 10
        exact = Fraction(t, 3) if t <= 3 else Fraction(10 - t, 7)
        their_error = max(their_error, abs(float(at(theirs, step) - exact)))
        our_error = max(our_error, abs(float(ours(step) - exact)))
    assert their_error > 1e-7
    assert our_error < 1e-16


def test_cyclic_lr_overflows_after_1023_halvings():
    theirs = cyclic_lr(step_size_up=1, mode="triangular2")
    at(theirs, 2 * 1023 + 1)
    with pytest.raises(OverflowError):
        at(theirs, 2 * 1024 + 1)
    assert hc.triangular2(0.0, 1.0, 1)(2 * 1024 + 1) == 0.5**1024


def test_the_other_convex_form_misses_low_for_many_pairs_of_floats():
    pairs = [(i / 97, j / 89) for i in range(1, 90) for j in range(1, 80) if i / 97 < j / 89]
    missed = sum(high + (low - high) != low for low, high in pairs)
    assert missed > len(pairs) / 5, f"{missed} of {len(pairs)}"
    assert all(hc.Cycle(low, high, 1)(0) == low for low, high in pairs)


def test_cyclic_lr_turns_momentum_on():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    CyclicLR(optimizer, 0.0, 1.0)
    assert optimizer.param_groups[0]["momentum"] == 0.9


def test_cyclic_lr_takes_the_saved_bounds_without_a_word():
    saved = cyclic_lr(step_size_up=4).state_dict()
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    resumed = CyclicLR(optimizer, 10.0, 20.0, step_size_up=8, cycle_momentum=False)
    resumed.load_state_dict(saved)
    assert resumed.base_lrs == [0.0]
    assert at(resumed, 4) == 1.0
