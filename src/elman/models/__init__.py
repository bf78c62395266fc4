"""Estimators, one folder for each job; the code that jobs share; and `load` for any saved model.

Names are imported when first used (`__init__.pyi` lists them), so that a job's options load without torch.
"""

import lazy_loader

from elman.extras import lazy

_get, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = lazy("elman", _get)
