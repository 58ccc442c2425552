"""Runs side by side: in processes of this machine, or by Ray, here or on many machines."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from .study import Run
from .training import Place, Result, do

Progress = Callable[[str, int], None]
"""``progress(name of the run, iteration)``."""

SECONDS_BETWEEN_LOOKS = 0.5
BENCHMARKS = Path(__file__).parent.parent
# What other machines do not need of this folder.
LEFT_HERE = ["studies/results", "range_test_sweeps/sweeps"]

# Of a process that works: what it tells its progress by.
_told: Any = None


def in_processes(
    runs: Sequence[Run], place: Place, processes: int, progress: Progress
) -> Iterator[tuple[Run, Result]]:
    """Yield runs and what came of them as they end, so many at a time."""
    # A fork would take over threads that a framework has started.
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    with ProcessPoolExecutor(processes, context, _begin, (told,)) as executor:
        pending = {executor.submit(_do_and_tell, run, place): run for run in runs}
        try:
            while pending:
                done, _ = wait(pending, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                _pass_on(told, progress)
                for future in done:
                    yield pending.pop(future), future.result()
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


def _do_and_tell(run: Run, place: Place) -> Result:
    return do(run, place, lambda iteration: _told.put((run.name, iteration)))


def by_ray(
    runs: Sequence[Run], place: Place, processes: int, progress: Progress, address: str | None
) -> Iterator[tuple[Run, Result]]:
    """Yield runs and what came of them as they end; without an address, on this machine's cores.

    Other machines need hypercycle and the data at the same path; what is in this folder is sent to
    them. A run whose machine is lost begins anew on another, or goes on where it finds the folder.
    """
    import ray
    from ray.util.queue import Queue

    environment = {"working_dir": str(BENCHMARKS), "excludes": LEFT_HERE}
    if address is None:
        paths = os.environ.get("PYTHONPATH", "")
        ray.init(
            num_cpus=processes,
            include_dashboard=False,
            log_to_driver=False,
            runtime_env=environment | {"env_vars": {"PYTHONPATH": paths}},
        )
    else:
        ray.init(address, log_to_driver=False, runtime_env=environment)
    try:
        told = Queue()
        graphics = 1 if place.device.startswith("cuda") else 0
        remote = ray.remote(num_cpus=1, num_gpus=graphics)(_do_by_ray)
        pending = {remote.remote(run, place, told): run for run in runs}
        while pending:
            done, _ = ray.wait(list(pending), timeout=SECONDS_BETWEEN_LOOKS)
            _pass_on(told, progress)
            for reference in done:
                yield pending.pop(reference), ray.get(reference)
    finally:
        ray.shutdown()


def _do_by_ray(run: Run, place: Place, told: Any) -> Result:
    return do(run, place, lambda iteration: told.put((run.name, iteration)))


def _pass_on(told: Any, progress: Progress) -> None:
    """Tell what has been told since."""
    while True:
        try:
            name, iteration = told.get_nowait()
        except queue.Empty:
            return
        progress(name, iteration)
