"""Recurrent neural networks for PyTorch, with access to every gate and gradient at every time step.

The public names are imported when first used (`__init__.pyi` lists them), so that `elman --help` never loads torch.
"""

import lazy_loader

from elman.extras import lazy

__version__ = "0.1.0"

_get, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = lazy("elman", _get)
__all__ += ["__version__"]
