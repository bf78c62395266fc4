from .calculus.expr import Value as Value
from .entry import Trace as Trace
from .entry import check as check
from .entry import explain as explain
from .sheet.worksheet import Worksheet as Worksheet
from .sheet.worksheet import gallery as gallery
from .sheet.worksheet import load as load
