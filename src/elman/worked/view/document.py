"""Cut a trace into the sections of a sheet: given, forward, backward, sums, update. Every renderer walks these."""

from dataclasses import dataclass

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.sheet.size import refuse_to_show
from elman.worked.view.options import Options


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the values under it; `kind` is given, forward, backward, sums or update."""

    kind: str
    title: str
    values: list[Value]
    example: int | None = None


def sections(trace: Calculation, options: Options) -> list[Section]:
    """The sections that the options leave, none of them empty."""
    if options.id is not None:
        return [Section("one", "", [trace[options.id]], trace[options.id].name.example)]
    kept = trace.select(options.only, options.step)
    refuse_to_show(sum(value.array.size for value in kept), trace.length)
    several = len(trace.problem.sequences) > 1
    examples: list[int | None] = [*range(1, len(trace.problem.sequences) + 1)] if several else [None]
    found = [Section("given", "GIVEN", [v for v in kept if v.phase == "parameter"])]
    for example in examples:
        found += _of_example(trace, [v for v in kept if v.name.example == example and v.phase != "parameter"], example)
    if several:
        rest = [v for v in kept if v.name.example is None and v.phase in {"forward", "backward"}]
        found.append(Section("sums", "OVER THE EXAMPLES", rest))
    found.append(Section("update", _update_title(trace), [v for v in kept if v.phase == "update"]))
    return [section for section in found if section.values]


def _of_example(trace: Calculation, values: list[Value], example: int | None) -> list[Section]:
    sequence = trace.problem.sequences[(example or 1) - 1]
    words = f' "{" ".join(sequence.words)}"' if sequence.words else ""
    where = f"{words}" if example is None else f" {example}{words}"
    back = [v for v in values if v.phase == "backward" and not is_sum(v)]
    return [
        Section("forward", f"FORWARD{where}", [v for v in values if v.phase in {"given", "forward"}], example),
        Section("backward", f"BACKWARD{where}", back, example),
        Section("sums", f"SUMS OVER THE STEPS{where}", [v for v in values if is_sum(v)], example),
    ]


def is_sum(value: Value) -> bool:
    """Tell whether the value is the gradient of a parameter, the sum of its shares."""
    return (
        value.phase == "backward"
        and value.of is not None
        and value.of.phase == "parameter"
        and value.name.share is None
    )


def shares_of(trace: Calculation, total: Value) -> list[Value]:
    """The shares of a summed gradient, by step."""
    if total.expr is None:
        return []
    return [operand for operand in total.operands if operand.name.share is not None]


def _update_title(trace: Calculation) -> str:
    clip = "CLIPPING" if trace.problem.sheet.clip else ""
    update = "UPDATE" if trace.problem.sheet.update else ""
    return " AND ".join(word for word in (clip, update) if word)
