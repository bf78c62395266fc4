"""Compute every value of a sheet, forward and backward, with the expression that made it, and verify the gradients.

From the bottom: `expr` (expressions and values), `operations` (value and derivative of each operation), `tape` (the
record of all values and the backward pass over it), `equations`, `gradients` (backward pass, optimiser step),
`network` (the order of the calculation), `verify` and `autograd` (the checks), `calculation` (the result).
"""
