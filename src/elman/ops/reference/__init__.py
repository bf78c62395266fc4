"""The truth every kernel is held to: each cell as one equation in plain torch, under one time loop.

`elman.ops.reference.<cell>` has two functions: `step`, the equation of one time step, and `<cell>`, the same
arguments and results as the native operation `elman.ops.<cell>.<cell>`. Plain torch, so any dtype and device, any
order of derivative, export and compilation work. It knows nothing of layers, kernels or backends.
"""
