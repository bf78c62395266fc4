"""Show and save a diagnosis: `Report` is the result of `elman.diagnose`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elman.doctor.diagnosis import Diagnosis
from elman.doctor.render import plain, write_json
from elman.errors import InputError
from elman.files import write_atomically

if TYPE_CHECKING:
    from rich.console import RenderableType


class Report(Diagnosis):
    """Hold the result of `elman.diagnose`.

    Attributes:
        title: the model that was examined.
        note: a remark on the data for the reader, or "".
        findings: every number; `report.layers` is short for `report.findings.layers`.
        verdicts: faults, cautions and notes, faults first.
    """

    def __str__(self) -> str:
        from elman.doctor.render import as_text

        return as_text(self)

    def __rich__(self) -> "RenderableType":
        from elman.doctor.render import as_renderable

        return as_renderable(self)

    def _repr_html_(self) -> str:
        from elman.doctor.render import as_page, framed

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
            from elman.doctor.render import as_page

            write_atomically(place, as_page(self).encode())
        elif kind == ".png":
            from elman.doctor.panels import draw
            from elman.pictures import save

            save(draw(self), place)
        elif kind == ".json":
            write_json(place, self.to_dict())
        else:
            raise InputError(f"{path}: expected a name that ends in .html, .png or .json")
