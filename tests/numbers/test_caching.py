"""computed_once: computed when it is first asked for, kept, without waiting for other threads."""

import threading

from hypercycle.numbers.caching import computed_once


class Slow:
    def __init__(self, wait=None):
        self.wait, self.times = wait, 0

    @computed_once
    def value(self):
        """Return what took long."""
        self.times += 1
        if self.wait is not None:
            assert self.wait.wait(timeout=30)
        return 3


def test_a_value_is_computed_once():
    slow = Slow()
    assert "value" not in vars(slow)
    assert (slow.value, slow.value, slow.times, vars(slow)["value"]) == (3, 3, 1, 3)
    assert isinstance(Slow.value, computed_once)


def test_one_instance_does_not_wait_for_another():
    done = threading.Event()
    slow = Slow(done)
    thread = threading.Thread(target=lambda: slow.value)
    thread.start()
    assert Slow().value == 3  # functools.cached_property of Python 3.11 waits here for ever
    done.set()
    thread.join()
    assert slow.times == 1
