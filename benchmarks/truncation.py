"""Measure how much of the full gradient truncated backpropagation keeps, in a character model of tiny Shakespeare.

    python -m benchmarks.truncation [--epochs 2] [--model FILE] [--data DIR]

Trains Elman's recipe (LSTM 2 x 256) for so many epochs, or loads a trained model, then compares BPTT(k, k) with
the full gradient over 256 characters on eight streams of held-out text, four times at different places. Prints the mean
cosine and the mean ratio of norms, the smallest of each, seconds for one batch and the memory of a window.
"""

import argparse
import statistics
from pathlib import Path

import elman
from benchmarks.shakespeare import RECIPE, parsed

PLACES = 4
EACH = 8 * 256 + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--model", type=Path, help="a model that was trained, in place of a new one")
    arguments, text = parsed(parser)
    if arguments.model:
        model = elman.load(arguments.model)
    else:
        model = elman.TextGenerator(**RECIPE, epochs=arguments.epochs).fit(text)
    progress = model.progress_
    print(
        f"\nTruncation, LSTM 2 x 256, {progress.step:,} updates on tiny Shakespeare, held out {progress.best:.3f} nats"
    )
    held_out = text[int(len(text) * 0.9) :]
    starts = [k * len(held_out) // PLACES for k in range(PLACES)]
    found = [elman.truncation(model, held_out[start : start + EACH]) for start in starts]
    print(f"{'k':>4} {'cosine':>8} {'least':>8} {'ratio':>8} {'least':>8} {'seconds':>8} {'MiB':>8}")
    for cuts in zip(*(one.truncations for one in found), strict=True):
        cosines, ratios = [cut.cosine for cut in cuts], [cut.ratio for cut in cuts]
        seconds, memory = statistics.median(cut.seconds for cut in cuts), cuts[0].bytes / 2**20
        print(
            f"{cuts[0].k2:4} {statistics.mean(cosines):8.4f} {min(cosines):8.4f} {statistics.mean(ratios):8.4f} "
            f"{min(ratios):8.4f} {seconds:8.3f} {memory:8.2f}"
        )
    print(f"95 % of the gradient is kept from k = {', '.join(str(one.enough) for one in found)} on, place by place")


if __name__ == "__main__":
    main()
