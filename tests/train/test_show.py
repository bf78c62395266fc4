import io

import pytest
from rich.console import Console

from elman.train import Counters, Plan, Progress
from elman.train.show import PLAIN_EVERY, Show


def tell(console, aside=None, baselines=None):
    """Let a training of 10 steps in two epochs pass by."""
    show = Show(console, aside)
    counters = Counters()
    show.on_start(Plan("char", "nats/char", {"bigram": 2.5} if baselines is None else baselines, 5, 2, None), counters)
    for step in range(1, 11):
        counters.add(3.0, 100, clipped=False)
        counters.seconds = step * PLAIN_EVERY / 4
        progress = Progress(counters, 3.0, 1234.5, 0.1, {"bits_per_char": 4.33})
        show.on_step(progress)
        if step % 5 == 0:
            counters.judge(2.0)
            show.on_evaluation(progress)
    show.on_end(counters)
    return console.file.getvalue()


def test_plain_lines_where_nobody_watches():
    said = tell(Console(file=io.StringIO(), highlight=False))
    lines = said.splitlines()
    assert "\x1b" not in said
    assert lines[0] == "to beat: bigram 2.500 nats/char"
    assert lines[1] == " 40%  1,234 chars/s  3.000 nats/char (4.33 bits/char)  0:22 left"
    assert lines[2] == (
        "epoch  1.00          500 chars  train 3.000  held out 2.000 nats/char (4.330 bits/char)  0.500 below bigram"
        "  1,234 chars/s"
    )
    assert sum(line.startswith("epoch") for line in lines) == 2


def test_a_bar_on_a_terminal_and_nothing_left_over():
    said = tell(Console(file=io.StringIO(), force_terminal=True, width=100, highlight=False))
    assert "━" in said
    assert "100%" in said
    assert "to beat" in said


def test_what_was_written_is_shown_below_each_evaluation():
    samples = iter(["zzkx", "the cat"])
    said = tell(Console(file=io.StringIO(), highlight=False), aside=lambda: next(samples))
    assert said.index("epoch  1.00") < said.index("zzkx") < said.index("epoch  2.00") < said.index("the cat")


def test_markup_in_a_sample_is_text():
    assert "[bold]x[/nope]" in tell(Console(file=io.StringIO(), highlight=False), aside=lambda: "[bold]x[/nope]")


def test_nothing_to_beat_is_nothing_said():
    said = tell(Console(file=io.StringIO(), highlight=False), baselines={})
    assert "beat" not in said
    assert "below" not in said


@pytest.mark.parametrize(("seconds", "left"), [(40.0, "0:40"), (4000.0, "1:06:40")])
def test_time_left_is_judged_by_this_sitting(seconds, left):
    console = Console(file=io.StringIO(), highlight=False)
    show, counters = Show(console), Counters(step=5, seconds=7777.0)
    show.on_start(Plan("char", "nats", {}, 10, 2, None), counters)
    counters.step, counters.seconds = 10, 7777.0 + seconds / 2
    show.on_step(Progress(counters, 1.0, 1.0, 0.1, {}))
    assert f"{left} left" in console.file.getvalue()
    assert "going on after step 5" in console.file.getvalue()


def test_with_patience_the_time_left_is_an_upper_limit():
    console = Console(file=io.StringIO(), highlight=False)
    show, counters = Show(console), Counters()
    show.on_start(Plan("char", "nats", {}, 10, 2, None, patience=3), counters)
    counters.step, counters.seconds = 10, 80.0
    show.on_step(Progress(counters, 1.0, 1.0, 0.1, {}))
    assert "at most 1:20 left" in console.file.getvalue()
