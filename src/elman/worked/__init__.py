"""Work a small network by hand: every number of the forward pass and of backpropagation through time, with its reason.

`elman.explain(worksheet, inputs=None, **fields)` gives a `Trace`: values by id, in the order in which a teacher writes
them. `elman.check(worksheet, answers)` marks a student's sheet.

    trace = elman.explain("love-book")  # a gallery name, a YAML file, a mapping, a Worksheet, or a torch module
    value = trace["1/dh.5"]  # a Value: id, array, shape, phase, t, reason, expr, operands, uses, sources
    value.array, value.reason  # the number at full precision, and why
    [v.id for v in value.operands]  # what it was made from; `uses`: what was made from it
    trace.derivative("1/h.5")  # what h_5 passes back, as an expression for each operand
    trace.to("terminal")  # or markdown, latex, json, ipynb, html
    trace.gradients.compare()  # compared with torch's autograd
    print(trace.check_line)  # the check against central differences that every run makes

The folders, in the order of the work; each imports only those before it: `sheet` (read and check a worksheet),
`calculus` (compute its values and verify them), `view` (names, formulas and digits), `render` (one module per format),
`marking` (mark a student's sheet). `entry` joins them.

The ids: `h.3 a.3 x.3 y p loss` forward (`p.3 loss.3` where there is one a step), `a_f.2 f.2 c.2` and so on for gates,
`d` before an id for the gradient of the loss with respect to it, `dW_hh@5` the share of step 5, `dW_hh` the sum,
`dW_hh~` clipped, `W_hh'` after the update, `E.love` an embedding, `1/h.3` in the first of several examples, `_l2` the
second layer, `_r` the direction that reads from right to left. `sheet/names.py` has the grammar.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
