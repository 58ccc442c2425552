"""Search for a plan with Ray Tune: bounds, length of a cycle and waveform, on digits.

python examples/search_ray.py --trials 40 --workers 2
python examples/search_ray.py --trials 400 --workers 64 --address auto   # on a cluster
"""

import argparse
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
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


def trial(config: dict[str, Any]) -> None:
    """Train with a plan that Ray suggests; it is stopped at the end of a cycle, if at all."""
    for step, accuracy in accuracies(plan_of(**config)):
        tune.report({"accuracy": accuracy, "step": step})


def main() -> None:
    """Search with several workers, and save the best plan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2, help="trials at a time, a processor each")
    parser.add_argument("--address", help="of a cluster; if not given, this machine is one")
    parser.add_argument("--out", type=Path, default=Path("best-plan.json"))
    parser.add_argument("--results", type=Path, default=Path("ray-results"))
    options = parser.parse_args()

    here = {"runtime_env": {"working_dir": str(Path(__file__).parent)}}  # search_digits
    if options.address is None:
        ray.init(num_cpus=options.workers, include_dashboard=False, log_to_driver=False, **here)
    else:
        ray.init(options.address, **here)
    rungs = ASHAScheduler(
        time_attr="step", grace_period=FIRST_RUNG, reduction_factor=RUNG_FACTOR, max_t=STEPS
    )
    results = tune.Tuner(
        trial,
        param_space={
            "high": tune.loguniform(*HIGHS),
            "part": tune.loguniform(*PARTS),
            "step_size": tune.choice(STEP_SIZES),
            "waveform": tune.choice(WAVEFORMS),
        },
        tune_config=tune.TuneConfig(
            num_samples=options.trials,
            max_concurrent_trials=options.workers,
            metric="accuracy",
            mode="max",
            scheduler=rungs,
        ),
        run_config=tune.RunConfig(storage_path=str(options.results.resolve()), verbose=0),
    ).fit()
    early = sum(result.metrics["step"] < STEPS for result in results)
    best = results.get_best_result()
    plan = plan_of(**best.config)
    plan.save(options.out)
    print(f"{len(results)} trials, {early} of them stopped early")
    print(f"accuracy {best.metrics['accuracy']:.1%} with {plan}")


if __name__ == "__main__":
    main()
