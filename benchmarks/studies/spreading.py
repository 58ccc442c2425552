"""Runs in this process, side by side in several, or by Ray, here or on many machines."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from .study import Place, Result, Run

Progress = Callable[[str, int], None]
"""``progress(name of the run, iteration)``."""
Spread = Callable[[Sequence[Run], Progress], Iterator[tuple[Run, Result]]]
"""Yields runs and what came of them as they end."""

SECONDS_BETWEEN_LOOKS = 0.5
BENCHMARKS = Path(__file__).parent.parent
# What other machines do not need of this folder.
LEFT_HERE = ["studies/results", "range_test_sweeps/sweeps"]

# Of a process that works: what it tells its progress by.
_told: Any = None


@contextmanager
def in_this_process(place: Place) -> Iterator[Spread]:
    """Return what does one run after the other."""
    from .training import do

    def spread(runs: Sequence[Run], progress: Progress) -> Iterator[tuple[Run, Result]]:
        for run in runs:
            yield run, do(run, place, partial(progress, run.name))

    yield spread


@contextmanager
def in_processes(place: Place, processes: int) -> Iterator[Spread]:
    """Return what spreads runs over so many processes."""
    # A fork would take over threads that a framework has started.
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    with ProcessPoolExecutor(processes, context, _begin, (told,)) as executor:

        def spread(runs: Sequence[Run], progress: Progress) -> Iterator[tuple[Run, Result]]:
            pending = {executor.submit(_done_in_process, run, place): run for run in runs}
            while pending:
                done, _ = wait(pending, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                _pass_on(told, progress)
                for future in done:
                    yield pending.pop(future), future.result()

        try:
            yield spread
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _begin(told: Any) -> None:
    global _told  # noqa: PLW0603  (a process of a pool has nothing else to keep it in)
    _told = told
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that began it is killed, which closes nothing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _done_in_process(run: Run, place: Place) -> Result:
    return _done(run, place, _told)


def _done(run: Run, place: Place, told: Any) -> Result:
    from .training import do  # PyTorch is for those that train

    return do(run, place, lambda iteration: told.put((run.name, iteration)))


@contextmanager
def by_ray(place: Place, processes: int, address: str | None) -> Iterator[Spread]:
    """Return what spreads runs by Ray; without an address, over so many cores of this machine.

    Other machines need hypercycle, and data that are in no package at the same path; what is in
    this folder is sent to them. A run whose machine is lost begins anew on another, or goes on
    where the folder of the results is shared.
    """
    import ray
    from ray.util.queue import Queue

    initialise = partial(ray.init, log_to_driver=False)
    environment = {"working_dir": str(BENCHMARKS), "excludes": LEFT_HERE}
    if address is None:
        here = {"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}}
        initialise(num_cpus=processes, include_dashboard=False, runtime_env={**environment, **here})
    else:
        initialise(address, runtime_env=environment)
    told = Queue()
    graphics = 1 if place.device.startswith("cuda") else 0
    remote = ray.remote(num_cpus=1, num_gpus=graphics)(_done)

    def spread(runs: Sequence[Run], progress: Progress) -> Iterator[tuple[Run, Result]]:
        pending = {remote.remote(run, place, told): run for run in runs}
        while pending:
            done, _ = ray.wait(list(pending), timeout=SECONDS_BETWEEN_LOOKS)
            _pass_on(told, progress)
            for reference in done:
                yield pending.pop(reference), ray.get(reference)

    try:
        yield spread
    finally:
        ray.shutdown()


def _pass_on(told: Any, progress: Progress) -> None:
    """Tell what has been told since."""
    while True:
        try:
            name, iteration = told.get_nowait()
        except queue.Empty:
            return
        progress(name, iteration)
