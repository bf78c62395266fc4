"""Write expressions as formulas: `W_xh x_2 + W_hh h_1 + b_h`. One table of templates per style; levels set brackets.

A template's level says how tightly it holds together (1 a sum, 2 a product, 3 a sign or power, 4 a single symbol); an
argument looser than its place asks for gets brackets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from elman.worked.calculus.expr import Expr, Value

SUM, PRODUCT, TIGHT, ATOM = 1, 2, 3, 4
Template = tuple[str, int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Style:
    """Hold the notation of the operations in one output format; `name` writes a value."""

    templates: Mapping[str, Template]
    dot: str
    circle: str
    brackets: str
    name: Callable[[Value], str]


UNICODE: dict[str, Template] = {
    "sub": ("{0} - {1}", SUM, (SUM, PRODUCT)),
    "neg": ("-{0}", PRODUCT, (PRODUCT,)),
    "div": ("{0} / {1}", PRODUCT, (PRODUCT, TIGHT)),
    "matvec": ("{0} {1}", PRODUCT, (TIGHT, TIGHT)),
    "transpose": ("{0}ᵀ", TIGHT, (ATOM,)),
    "outer": ("{0} {1}ᵀ", PRODUCT, (TIGHT, ATOM)),
    "square": ("{0}²", TIGHT, (ATOM,)),
    "step": ("[{0} > 0]", ATOM, (SUM,)),
    "inner": ("({0} · {1})", ATOM, (PRODUCT, PRODUCT)),
    "part": ("{0}[{f0}..{f1}]", ATOM, (ATOM,)),
    "concat": ("[{0} ; {1}]", ATOM, (SUM, SUM)),
    "sqrt": ("√{0}", TIGHT, (ATOM,)),
    "norm": ("‖all gradients‖", ATOM, ()),
    "at_least": ("max({0}, {f0})", ATOM, (SUM,)),
    "clamp": ("clip({0}, ±{f0})", ATOM, (SUM,)),
    "zeros": ("0", ATOM, ()),
    "cut": ("cut({0})", ATOM, (SUM,)),
    "identity": ("{0}", ATOM, (ATOM,)),
    "sigmoid": ("σ({0})", ATOM, (SUM,)),
    "binary_cross_entropy": ("-({1} ln {0} + (1 - {1}) ln(1 - {0}))", TIGHT, (ATOM, ATOM)),
    "cross_entropy": ("-Σ {1} ln {0}", TIGHT, (ATOM, ATOM)),
    "half_squares": ("½ Σ ({0} - {1})²", PRODUCT, (SUM, PRODUCT)),
}
LATEX: dict[str, Template] = UNICODE | {
    "div": (r"\frac{{{0}}}{{{1}}}", ATOM, (SUM, SUM)),
    "matvec": (r"{0}\,{1}", PRODUCT, (TIGHT, TIGHT)),
    "transpose": (r"{{{0}}}^{{\top}}", TIGHT, (ATOM,)),
    "outer": (r"{0}\,{{{1}}}^{{\top}}", PRODUCT, (TIGHT, ATOM)),
    "square": (r"{{{0}}}^{{2}}", TIGHT, (ATOM,)),
    "step": (r"\left[{0} > 0\right]", ATOM, (SUM,)),
    "inner": (r"\left({0} \cdot {1}\right)", ATOM, (PRODUCT, PRODUCT)),
    "part": (r"{{{0}}}_{{[{f0}..{f1}]}}", ATOM, (ATOM,)),
    "concat": (r"\left[{0} ; {1}\right]", ATOM, (SUM, SUM)),
    "sqrt": (r"\sqrt{{{0}}}", ATOM, (SUM,)),
    "norm": (r"\lVert \text{{all gradients}} \rVert", ATOM, ()),
    "at_least": (r"\max({0}, {f0})", ATOM, (SUM,)),
    "clamp": (r"\operatorname{{clip}}({0}, \pm {f0})", ATOM, (SUM,)),
    "cut": (r"\operatorname{{cut}}({0})", ATOM, (SUM,)),
    "tanh": (r"\tanh({0})", ATOM, (SUM,)),
    "relu": (r"\operatorname{{relu}}({0})", ATOM, (SUM,)),
    "softmax": (r"\operatorname{{softmax}}({0})", ATOM, (SUM,)),
    "sigmoid": (r"\sigma({0})", ATOM, (SUM,)),
    "binary_cross_entropy": (r"-\left({1} \ln {0} + (1 - {1}) \ln(1 - {0})\right)", TIGHT, (ATOM, ATOM)),
    "cross_entropy": (r"-\sum {1} \ln {0}", TIGHT, (ATOM, ATOM)),
    "half_squares": (r"\tfrac12 \sum \left({0} - {1}\right)^2", PRODUCT, (SUM, PRODUCT)),
}


def formula(expr: Expr, style: Style) -> str:
    """Write an expression in a style."""
    return _write(expr, style)[0]


def size(expr: Expr) -> int:
    """Return the number of entries of an expression, which tells a scalar product from an entrywise one."""
    if expr.value is not None:
        return expr.value.array.size
    if expr.op in {"norm", "inner"}:
        return 1
    return max((size(arg) for arg in expr.args), default=int(expr.fixed[0]) if expr.op == "zeros" else 1)


def _write(expr: Expr, style: Style) -> tuple[str, int]:
    if expr.value is not None:
        return style.name(expr.value), ATOM
    if expr.op == "const":
        return f"{expr.fixed[0]:g}", ATOM if expr.fixed[0] >= 0 else PRODUCT
    if expr.op == "add":
        return _sum(expr, style), SUM
    if expr.op == "mul":
        sizes = [size(arg) for arg in expr.args]
        sign = style.dot if min(sizes) == 1 else style.circle
        return sign.join(_held(arg, style, TIGHT) for arg in expr.args), PRODUCT
    template, level, places = style.templates.get(expr.op, (f"{expr.op}({{0}})", ATOM, (SUM,)))
    args = [_held(arg, style, place) for arg, place in zip(expr.args, places, strict=False)]
    bounds = {f"f{k}": f"{expr.fixed[k] + (expr.op == 'part' and k == 0):g}" for k in range(len(expr.fixed))}
    return template.format(*args, **bounds), level


def _sum(expr: Expr, style: Style) -> str:
    parts = [_held(expr.args[0], style, SUM)]
    for term in expr.args[1:]:
        minus = term.op == "neg"
        parts.append((" - " if minus else " + ") + _held(term.args[0] if minus else term, style, PRODUCT))
    return "".join(parts)


def _held(expr: Expr, style: Style, place: int) -> str:
    text, level = _write(expr, style)
    return style.brackets.format(text) if level < place else text
