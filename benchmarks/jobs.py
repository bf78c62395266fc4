"""Each job on real data: what the estimators reach, how long they train, and what their baselines reach.

    python -m benchmarks.jobs                 # every job whose data is there
    python -m benchmarks.jobs movie vowels    # some of them
    python -m benchmarks.jobs --data DIR      # the folder of the data sets

Three seeds each, medians. A job is a function in one of the modules named in `MODULES`, entered with `@job`.
"""

import argparse
import statistics
import sys
from importlib import import_module

import torch

from benchmarks import datasets
from benchmarks.naming import add_names
from benchmarks.registry import JOBS, Job, Outcome

MODULES = ("benchmarks.jobs_classify", "benchmarks.jobs_forecast", "benchmarks.jobs_tag", "benchmarks.jobs_write")
SEEDS = (0, 1, 2)


def main() -> int:
    """Run the jobs; the number of those that missed what they have to reach."""
    for module in MODULES:
        import_module(module)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_names(parser, "jobs", "job", JOBS)
    datasets.add_option(parser)
    names = parser.parse_args().jobs or list(JOBS)
    torch.set_num_threads(2)
    return sum(not reached(name, JOBS[name]) for name in names)


def reached(name: str, job: Job) -> bool:
    """Run a job with every seed, print what came out, and say whether it reached what it has to."""
    missing = datasets.missing(job.files)
    print(f"\n{job.what}\n  python -m benchmarks.jobs {name}", flush=True)
    if missing:
        print(f"  not run: {missing}")
        return True
    outcomes = []
    for seed in SEEDS:
        outcomes.append(job.run(seed))
        print(f"  seed {seed}: {outcomes[-1].figures['elman']:.4f} in {outcomes[-1].seconds:.1f} s", flush=True)
    figures, seconds = medians(outcomes), statistics.median(outcome.seconds for outcome in outcomes)
    for who, figure in figures.items():
        print(f"  {who:24} {figure:9.4f}{f'  {seconds:6.1f} s' if who == 'elman' else ''}")
    misses = missed(job, figures, seconds)
    print("  reached" if not misses else f"  MISSED: {'; '.join(misses)}")
    return not misses


def medians(outcomes: list[Outcome]) -> dict[str, float]:
    return {who: statistics.median(outcome.figures[who] for outcome in outcomes) for who in outcomes[0].figures}


def missed(job: Job, figures: dict[str, float], seconds: float) -> list[str]:
    """Say what a job has to reach and did not."""
    ours = figures["elman"]
    less_is_better = job.at_most is not None
    found = [
        f"has to be better than {who}"
        for who in job.beats
        if (ours >= figures[who] if less_is_better else ours <= figures[who])
    ]
    if job.at_least is not None and ours < job.at_least:
        found.append(f"has to be {job.at_least} at least")
    if job.at_most is not None and ours > job.at_most:
        found.append(f"has to be {job.at_most} at most")
    if job.within is not None and seconds > job.within:
        found.append(f"has to take {job.within} s at most")
    return found


if __name__ == "__main__":
    sys.exit(main())
