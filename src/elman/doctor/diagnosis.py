"""Hold the result of an examination as plain data: the findings, the verdicts and the outcome in one line."""

from dataclasses import dataclass

from elman.doctor.findings import Findings, LayerFindings
from elman.doctor.verdicts import SEVERITIES, Verdict


@dataclass(frozen=True)
class Diagnosis:
    """The findings and the verdicts of one examination; the renderers show it, `Report` is its public form.

    Attributes:
        title: the model that was examined.
        note: a remark on the data for the reader, or "".
        findings: every number.
        verdicts: faults, cautions and notes, faults first.
    """

    title: str
    note: str
    findings: Findings
    verdicts: list[Verdict]

    @property
    def healthy(self) -> bool:
        """Say whether a gradient was followed through time and no fault was found; cautions and notes may exist."""
        return self.findings.followed and not any(verdict.severity == "fault" for verdict in self.verdicts)

    @property
    def headline(self) -> str:
        """The outcome in one line: healthy, as initialised, or the number of faults; and layers not followed."""
        return _headline(self.findings, self.verdicts)

    @property
    def layers(self) -> list[LayerFindings]:
        """The findings of each recurrent layer and direction."""
        return self.findings.layers


def _headline(findings: Findings, verdicts: list[Verdict]) -> str:
    counts = [(sum(v.severity == severity for v in verdicts), severity) for severity in SEVERITIES]
    said = [f"{count} {severity}{'s' * (count > 1)}" for count, severity in counts if count]
    listed = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    left = "; ".join(f"{name or 'the layer'} ({why})" for name, why in findings.unfollowed.items())
    without = f" Not followed through time: {left}." if left else ""
    if counts[0][0]:
        return f"Not healthy: {listed}.{without}"
    if not findings.followed:
        return f"Nothing was followed through time: {left}." + (f" {listed[0].upper()}{listed[1:]}." if listed else "")
    first = "As initialised" if findings.fresh else "Healthy"
    return f"{first}: no fault found{', ' + listed if listed else ''}.{without}"
