"""What the doctor hands over: verdicts and every number behind them, for a reader, a browser and a program."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.diagnose.findings import Findings, LayerFindings
from elman.diagnose.verdicts import SEVERITIES, Verdict
from elman.errors import InputError
from elman.files import write_atomically

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Report:
    """The result of `elman.diagnose`.

    Attributes:
        title: what was examined.
        note: what a reader has to know about the data, or "".
        findings: every number; `report.layers` is short for `report.findings.layers`.
        verdicts: what is wrong or to know, faults first.
    """

    title: str
    note: str
    findings: Findings
    verdicts: list[Verdict]

    @property
    def healthy(self) -> bool:
        """Say whether a gradient was followed through time, and no fault found; cautions and notes may have been."""
        return self.findings.followed and not any(verdict.severity == "fault" for verdict in self.verdicts)

    @property
    def headline(self) -> str:
        """The outcome in one line: healthy, as initialised, or how many faults; and what was not followed."""
        return _headline(self.findings, self.verdicts)

    @property
    def layers(self) -> list[LayerFindings]:
        """The findings of each recurrent layer and direction."""
        return self.findings.layers

    def __str__(self) -> str:
        from elman.diagnose.text import as_text

        return as_text(self)

    def __rich__(self) -> "RenderableType":
        from elman.diagnose.text import as_renderable

        return as_renderable(self)

    def _repr_html_(self) -> str:
        from elman.diagnose.page import as_page, framed

        return framed(as_page(self))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings; complex ones as pairs, null for what is not finite."""
        found: dict[str, Any] = plain(
            {"title": self.title, "note": self.note, "headline": self.headline, "healthy": self.healthy} | asdict(self)
        )
        for layer, numbers in zip(self.layers, found["findings"]["layers"], strict=True):
            numbers.update(plain({"memory": layer.memory, "factor": layer.factor, "growth": layer.growth}))
        return found

    def save(self, path: str | Path) -> None:
        """Write the report: .html (one page that needs no network), .png (the pictures) or .json (every number).

        Raises:
            InputError: the name ends otherwise.
            ModelFileError: the file cannot be written.
        """
        place = Path(path)
        kind = place.suffix.lower()
        if kind == ".html":
            from elman.diagnose.page import as_page

            write_atomically(place, as_page(self).encode())
        elif kind == ".png":
            from elman.diagnose.panels import draw
            from elman.pictures import save

            save(draw(self), place)
        elif kind == ".json":
            write_json(place, self.to_dict())
        else:
            raise InputError(f"{path}: expected a name that ends in .html, .png or .json")


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


def write_json(path: Path, content: Any) -> None:
    """Write plain content, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")


def plain(value: Any) -> Any:
    """Return dictionaries, sequences and arrays as JSON can hold them."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            return [[plain(x.real), plain(x.imag)] for x in value]
        return [plain(x) for x in value.tolist()]
    if isinstance(value, float):
        return float(value) if np.isfinite(value) else None
    return value
