"""Unroll the network: write layers, directions, steps, outputs and losses of every example on a tape.

The only place that knows about time. A cell sees one step; `unroll` feeds it the steps in order and carries the state.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from elman.worked.calculus.equations import EQUATIONS, Head, State
from elman.worked.calculus.expr import Expr, add, call
from elman.worked.calculus.gradients import write_gradients
from elman.worked.calculus.tape import Tape
from elman.worked.sheet.choices import output_at
from elman.worked.sheet.examples import Sequence
from elman.worked.sheet.names import Name
from elman.worked.sheet.problem import Problem


class _Inputs(dict[int, Expr]):
    """Hold inputs by step, each written when it is first read, so that it precedes the step that reads it."""

    def __init__(self, write: Callable[[int], Expr]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, t: int) -> Expr:
        self[t] = self._write(t)
        return self[t]


@dataclass(slots=True)
class Network:
    """Write a tape: it starts with the parameters, and `forward` adds an example."""

    problem: Problem
    tape: Tape
    parameters: dict[str, Expr]
    embeddings: dict[str, Expr]

    @classmethod
    def start(cls, problem: Problem, tape: Tape) -> "Network":
        """Write down the parameters and the embeddings."""
        parameters = {
            base: tape.given(problem.names[base], array, problem.origins.get(base, "given"), phase="parameter")
            for base, array in problem.parameters.items()
        }
        embeddings = {
            word: tape.given(Name(f"E.{word}"), vector, f'the embedding of "{word}"', phase="parameter")
            for word, vector in problem.embeddings.items()
        }
        return cls(problem, tape, parameters, embeddings)

    def forward(self, sequence: Sequence, example: int | None) -> Expr | None:
        """Write down the forward pass of one example; returns its loss, if the sheet has one."""
        inputs: dict[int, Expr] = self._inputs(sequence, example)
        tracks: list[dict[int, Expr]] = []
        for layer in range(1, self.problem.sheet.layers + 1):
            tracks = [
                self._unroll(inputs, sequence, Name("", layer=layer, reverse=reverse, example=example))
                for reverse in (False, True)[: self.problem.directions]
            ]
            if layer == 1:
                self._bag(inputs, example)
            last = layer == self.problem.sheet.layers
            steps = self._read_at(sequence) if last else range(1, sequence.length + 1)
            inputs = {
                t: self._join(tracks, t, sequence, Name("hh", t, layer=layer, example=example), last) for t in steps
            }
        return Head(self.problem, self.tape, self.parameters, example).write(inputs, sequence)

    def _inputs(self, sequence: Sequence, example: int | None) -> "_Inputs":
        def write(t: int) -> Expr:
            name = Name("x", t, example=example)
            if sequence.words is None:
                return self.tape.given(name, sequence.inputs[t - 1], "given")
            word = sequence.words[t - 1]
            return self.tape.let(name, self.embeddings[word], f'the embedding of "{word}"')

        return _Inputs(write)

    def _bag(self, inputs: dict[int, Expr], example: int | None) -> None:
        if self.problem.sheet.bag:
            total = add(*(inputs[t] for t in sorted(inputs)))
            self.tape.let(
                Name("bag", example=example), total, "what a bag of words sees: the sum, the same in any order"
            )

    def _unroll(self, inputs: dict[int, Expr], sequence: Sequence, place: Name) -> dict[int, Expr]:
        """Run one layer in one direction; return the state after each step."""
        length = sequence.length
        order = range(length, 0, -1) if place.reverse else range(1, length + 1)
        state, suffix = (
            self._initial(sequence, place, length + 1 if place.reverse else 0),
            replace(place, example=None).base,
        )
        parameters = {
            base.removesuffix(suffix) if suffix else base: expr
            for base, expr in self.parameters.items()
            if replace(self.problem.names[base], symbol="").base == suffix
        }
        states = {}
        for t in order:
            before = self._cut(state) if self._is_cut(t, length) else state
            state = self._step(place, t, parameters, inputs[t], before)
            states[t] = state["h"]
        return states

    def _step(self, place: Name, t: int, parameters: dict[str, Expr], x: Expr, before: State) -> State:
        def name_it(symbol: str, expr: Expr, reason: str) -> Expr:
            return self.tape.let(replace(place, symbol=symbol, t=t), expr, reason)

        sheet = self.problem.sheet
        choice: dict[str, str] = {}
        if sheet.cell == "rnn":
            choice = {"activation": sheet.activation}
        elif sheet.cell == "gru":
            choice = {"mix": sheet.z or ""}
        return EQUATIONS[self.problem.cell](name_it, parameters, x, before, **choice)

    def _initial(self, sequence: Sequence, place: Name, t: int) -> State:
        state = {}
        for base, array in sequence.initial.items():
            symbol = base[0]
            name = replace(place, symbol=symbol, t=t)
            if name.base == base:
                state[symbol] = self.tape.given(name, array, "the state before the first step")
        return state

    def _is_cut(self, t: int, length: int) -> bool:
        truncation = self.problem.sheet.truncation
        if truncation is None or t == 1:
            return False
        past = t - 1 if truncation.kind == "blocks" else length - t + 1
        return past % truncation.steps == 0 if truncation.kind == "blocks" else past == truncation.steps

    @staticmethod
    def _cut(state: State) -> State:
        return {symbol: call("cut", expr) for symbol, expr in state.items()}

    def _read_at(self, sequence: Sequence) -> range:
        first = 1 if output_at(self.problem.sheet) == "every" else sequence.length
        return range(first, sequence.length + 1)

    def _join(self, tracks: list[dict[int, Expr]], t: int, sequence: Sequence, name: Name, last: bool) -> Expr:
        if len(tracks) == 1:
            return tracks[0][t]
        ends = last and output_at(self.problem.sheet) == "last" and self.problem.sheet.output.read == "ends"
        back = tracks[1][1 if ends else t]
        joined = call("concat", tracks[0][t], back, fixed=(self.problem.hidden, self.problem.hidden))
        return self.tape.let(name, joined, "both directions, end to end")


def calculate(problem: Problem, tape: Tape) -> Tape:
    """Write the whole calculation: forward, loss, backward, sums."""
    network = Network.start(problem, tape)
    several = len(problem.sequences) > 1
    losses = [network.forward(sequence, k if several else None) for k, sequence in enumerate(problem.sequences, 1)]
    if problem.sheet.loss is not None:
        write_gradients(problem, tape, [loss for loss in losses if loss is not None])
    return tape
