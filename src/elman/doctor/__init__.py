"""Find vanishing and exploding gradients in a recurrent network, and measure truncated backpropagation.

`entry.py` has the call, `elman.diagnose`. Its input is a `Probe` (`probe.py`): a network and a loss to run;
`cells.py` makes single-step cells run as layers meanwhile. `examine.py` calls the measurements in turn: `measure.py`
(one run of the batch, with the calls of every layer from `calls.py` and the gradient that reaches each state from
`arrivals.py`), `flow.py` (gradient by lag, Jacobians), `weights.py` (spectra, initial weights), `gates.py` and
`first_nonfinite.py`. They fill `findings.py`; `verdicts.py` judges them; `diagnosis.py` holds both as plain data,
with tables. `render.py` and `panels.py` render a diagnosis, and `report.py` calls them. `truncations.py`
measures truncated backpropagation on a `windowed_probe.py`. No module knows a job, a model file or a terminal.
"""

from elman.doctor.entry import diagnose
from elman.doctor.probe import Probe
from elman.doctor.report import Report
from elman.doctor.truncations import Truncation, TruncationReport, truncation
from elman.doctor.verdicts import Verdict
from elman.doctor.windowed_probe import WindowedProbe

__all__ = ["Probe", "Report", "Truncation", "TruncationReport", "Verdict", "WindowedProbe", "diagnose", "truncation"]
