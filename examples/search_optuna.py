"""Search for a plan with Optuna: bounds, length of a cycle and waveform, on digits.

    python examples/search_optuna.py --trials 40 --workers 2

The workers are processes of this machine that share a storage. On another machine, the same command
joins in where ``--storage`` is the URL of a database that both reach.
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import optuna
import torch
from optuna.storages.journal import JournalFileBackend
from search_digits import (
    FIRST_RUNG,
    HIGHS,
    PARTS,
    RUNG_FACTOR,
    STEP_SIZES,
    STEPS,
    WAVEFORMS,
    accuracies,
    plan_of,
)


def objective(trial: optuna.Trial) -> float:
    """Train with a plan that Optuna suggests; stop early at the end of a cycle, if at all."""
    plan = plan_of(
        trial.suggest_float("high", *HIGHS, log=True),
        trial.suggest_float("part", *PARTS, log=True),
        trial.suggest_categorical("step_size", STEP_SIZES),
        trial.suggest_categorical("waveform", WAVEFORMS),
    )
    accuracy = 0.0
    for step, accuracy in accuracies(plan):
        trial.report(accuracy, step)
        if step < STEPS and trial.should_prune():
            raise optuna.TrialPruned
    return accuracy


def study_in(storage: str, seed: int = 0) -> optuna.Study:
    """Return the study that all workers share, in a database or in a file."""
    where = (
        storage if "://" in storage else optuna.storages.JournalStorage(JournalFileBackend(storage))
    )
    return optuna.create_study(
        study_name="digits",
        storage=where,
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(
            min_resource=FIRST_RUNG, reduction_factor=RUNG_FACTOR
        ),
    )


def work(storage: str, trials: int, seed: int) -> None:
    """Make some of the trials."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study_in(storage, seed).optimize(objective, n_trials=trials)


def main() -> None:
    """Search with several workers, and save the best plan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--storage", default="search.journal", help="a file, or a database's URL")
    parser.add_argument("--out", type=Path, default=Path("best-plan.json"))
    options = parser.parse_args()

    study = study_in(options.storage)
    shares = [
        len(range(worker, options.trials, options.workers)) for worker in range(options.workers)
    ]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, mp_context=spawn) as workers:
        made = [
            workers.submit(work, options.storage, share, seed) for seed, share in enumerate(shares)
        ]
        for one in made:
            one.result()
    states = [trial.state.name for trial in study.trials]
    plan = plan_of(**study.best_params)
    plan.save(options.out)
    print(f"{len(states)} trials, {states.count('PRUNED')} of them stopped early")
    print(f"accuracy {study.best_value:.1%} with {plan}")


if __name__ == "__main__":
    main()
