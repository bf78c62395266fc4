"""List the known mistakes: the error, the line to correct, and the rule that it replaces. One entry each.

The numbers E1 to E22 are those of the catalogue that Elman's documentation prints. E21, early rounding, is no mistake
and has no rule: the tolerance recognises it, and the verdict is "rounding".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from elman.worked.marking import networks, rules
from elman.worked.marking.slips import Slip
from elman.worked.sheet.problem import Problem

ALL = ("rnn", "lstm", "gru")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Describe a mistake: its number, what was done, what to do instead, in which cells, and its slips."""

    number: str
    name: str
    did: str
    fix: str
    cells: tuple[str, ...]
    slips: Callable[[Problem], Iterable[Slip]] = field(compare=False)

    def on(self, problem: Problem) -> tuple[Slip, ...]:
        """Return the ways in which it can be made on this sheet."""
        return tuple(self.slips(problem)) if problem.sheet.cell in self.cells else ()


def _one(make: Callable[[], Slip]) -> Callable[[Problem], Iterable[Slip]]:
    return lambda _problem: (make(),)


def _only_loss(kind: str, *makes: Callable[[], Slip]) -> Callable[[Problem], Iterable[Slip]]:
    return lambda problem: [
        make() for make in makes if problem.sheet.loss is not None and problem.sheet.loss.kind == kind
    ]


CATALOGUE: tuple[Mistake, ...] = (
    Mistake(
        "E1", "recurrent term forgotten",
        "dh_t took the gradient from the output only, and lost what comes back from step t+1",
        "add the term from step t+1: h_t feeds the output and the next state",
        ALL, _one(rules.local_only),
    ),
    Mistake(
        "E2", "future term in place of the local one",
        "dh_t took the term of step t+1 in place of the output's own term",
        "add the two terms: h_t feeds the output and the next state",
        ALL, _one(rules.future_only),
    ),
    Mistake(
        "E3", "transpose missing",
        "a recurrent matrix was used in the backward pass without its transpose",
        "use its transpose: each unit collects along the column of the matrix",
        ALL, _one(rules.no_transpose),
    ),
    Mistake(
        "E4", "slope of the activation missing",
        "the gradient passed the activation unchanged",
        "multiply by the slope: 1 - tanh², or s(1 - s) for a sigmoid",
        ALL, _one(rules.no_slope),
    ),
    Mistake(
        "E5", "slope taken at the input",
        "the slope of tanh was computed as 1 - a², from its input",
        "take it at the output: 1 - tanh(a)²",
        ALL, _one(rules.slope_at_the_input),
    ),
    Mistake(
        "E6", "state after in place of the state before",
        "the gradient of a recurrent matrix was made with h_t",
        "use h_{t-1}, the state that the matrix was multiplied with",
        ALL, _one(rules.state_after),
    ),
    Mistake(
        "E7", "sign turned round",
        "the difference was taken as target - p",
        "take p - target",
        ALL, _one(rules.turned_round),
    ),
    Mistake(
        "E8", "slope of the sigmoid twice",
        "p - target was multiplied by p(1 - p), which is already in it",
        "leave the factor out: p - target is the whole of dy",
        ALL, _only_loss("binary_cross_entropy", rules.slope_again),
    ),
    Mistake(
        "E9", "not summed over the steps",
        "the gradient of a parameter was not the sum of the shares of its steps",
        "add the shares of all steps: the same parameter is used at each",
        ALL, lambda _p: rules.not_summed(),
    ),
    Mistake(
        "E10", "softmax without its one-hot target",
        "dy was p, or p - 1, in every entry",
        "subtract 1 from the entry of the right class only",
        ALL,
        _only_loss("cross_entropy", rules.no_target, rules.one_everywhere),
    ),
    Mistake(
        "E11", "cell-state path lost",
        "dc_t was made without what comes back from c_{t+1}",
        "add dc_{t+1} ∘ f_{t+1}",
        ("lstm",), lambda _p: (rules.without("c"),),
    ),
    Mistake(
        "E12", "path through h lost",
        "dc_t was made without what comes back from h_t",
        "add dh_t ∘ o_t ∘ (1 - tanh²(c_t))",
        ("lstm",), lambda _p: (rules.without("h"),),
    ),
    Mistake(
        "E13", "slope of tanh(c) taken at c",
        "the slope was computed as 1 - c²",
        "compute it as 1 - tanh²(c)",
        ("lstm",), _one(rules.cell_state_unsquashed),
    ),
    Mistake(
        "E14", "gates missing on the way back",
        "dh_t did not collect from every gate of step t+1",
        "add one term for each gate (in a GRU also the direct one): h_t feeds them all",
        ("lstm", "gru"), rules.one_gate_only,
    ),
    Mistake(
        "E15", "slope of the other activation",
        "s(1 - s) was used for a tanh, or 1 - s² for a sigmoid",
        "a tanh has slope 1 - s², a sigmoid s(1 - s)",
        ALL, rules.other_slope,
    ),
    Mistake(
        "E16", "blocks in another order",
        "the blocks of the weights were taken in the order of another library",
        "take the blocks in the order of this sheet",
        ALL, networks.other_order,
    ),
    Mistake(
        "E17", "another GRU",
        "another variant of the GRU was computed",
        "use the equations of this sheet: where the reset gate is applied, and what z keeps",
        ("gru",), networks.other_gru,
    ),
    Mistake(
        "E18", "wrong product",
        "one product was taken for another: entrywise, scalar, outer",
        "dW = d xᵀ, rows by d and columns by x; d ∘ slope entry by entry",
        ALL, lambda _p: rules.other_product(),
    ),
    Mistake(
        "E19", "updated weight used too early",
        "the gradient went back through W_hy', after its update",
        "use the weights of the forward pass; update when all gradients are known",
        ALL, _one(rules.updated_weight),
    ),
    Mistake(
        "E20", "mean and sum exchanged",
        "the losses were averaged where the sheet says sum, or the other way round",
        "combine the losses as the sheet says",
        ALL, networks.mean_or_sum,
    ),
    Mistake(
        "E21", "early rounding",
        "numbers were rounded on the way",
        "nothing to put right; more digits on the way give more digits at the end",
        ALL, lambda _p: (),
    ),
    Mistake(
        "E22", "another base",
        "a logarithm or a power to base 10 was taken",
        "take ln and e^x",
        ALL, lambda _p: rules.other_base(),
    ),
)  # fmt: skip
