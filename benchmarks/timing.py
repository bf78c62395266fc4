"""Fair timing on a shared machine: contestants take turns, in blocks of calls, and the median block counts.

A block warms its own caches and thread pool with one call that is not timed, and a pause before it lets the last
contestant's threads stop spinning: OpenMP's and ONNX Runtime's workers burn a core for milliseconds after their work.
"""

import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]

PAUSE_S = 0.03
BLOCK_S = 0.05


def side_by_side(contestants: Mapping[str, Work], rounds: int = 9) -> dict[str, float]:
    """Median seconds of one call of each contestant."""
    calls = {name: _calls_per_block(work) for name, work in contestants.items()}
    blocks: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            time.sleep(PAUSE_S)
            blocks[name].append(_block(work, calls[name]))
    return {name: statistics.median(times) for name, times in blocks.items()}


def _block(work: Work, calls: int) -> float:
    work()
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


def _calls_per_block(work: Work) -> int:
    work()
    return max(1, min(1000, int(BLOCK_S / _block(work, 1))))
