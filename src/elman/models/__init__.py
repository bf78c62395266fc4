"""Estimators, one folder for each job; the code that jobs share; and `load` for any saved model.

Names are imported when first used (`__init__.pyi` lists them), so that a job's options load without torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
