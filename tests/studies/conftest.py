"""A small study that is done, and runs that are not."""

import pytest

import hypercycle as hc


@pytest.fixture(scope="session")
def here(tmp_path_factory):
    """The folder of results of the study of digits, run in this process."""
    for module in ("torch", "sklearn", "tqdm"):
        pytest.importorskip(module)
    from studies import __main__ as command

    folder = tmp_path_factory.mktemp("here")
    command.main(["run", "digits", "--results", str(folder), "--processes", "0"])
    return folder


@pytest.fixture(scope="session")
def run_of():
    """A function of a rate and a seed that returns a run, with nothing done yet."""
    from studies.study import Run, Setting

    def run(rate, seed=0):
        plan = hc.Plan(lr=rate)
        return Run(
            *("made", "arm", "final", seed, Setting("digits", "mlp"), plan, rate, 10),
            *((10,), ("train",), ("test",)),
        )

    return run
