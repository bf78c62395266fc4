from .calculus.expr import Value as Value
from .entry import check as check
from .entry import explain as explain
from .sheet.sheetfile import gallery as gallery
from .sheet.sheetfile import load as load
from .sheet.worksheet import Worksheet as Worksheet
from .trace import Trace as Trace
