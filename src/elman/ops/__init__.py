"""Run recurrent operations: one layer, one direction, one call.

`cell.py` defines the record of a cell, `reference/` has the equations in plain torch, `native.py` runs the compiled
kernels, and `run.py` is the one entry to both. `dispatch.py` chooses between them and torch's own kernels.
"""
