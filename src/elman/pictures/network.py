"""The network unrolled in time, as SVG: time from left to right, inputs below, outputs above.

Solid arrows are the forward pass; dashed ones feed an output back as the next input. The columns are made in
`unrolling.py`; this file positions and draws them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from elman.palette import BACKWARD, DECODER, FORWARD, FORWARD_SOFT, INK, PAPER, QUIET
from elman.pictures.arrays import visible
from elman.pictures.markup import HEADS, Svg, arrow, element, line, ring, state_name, symbol, text, word
from elman.pictures.unrolling import GATES, Column, Network, network
from elman.quoting import shorten

WIDE, HIGH = 68.0, 46.0  # a cell
SIDE = 15.0  # distance of a row from the middle in two directions, so that lines that pass it do not cross it
BESIDE = SIDE + WIDE / 2 - 15  # where such an arrow passes a cell
LANE = 7.0  # between two lines that go the same way
_MOST = 16  # characters of a word


def unrolled(
    cell: str,
    shape: str = "many-to-many",
    *,
    steps: int | None = None,
    labels: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    bidirectional: bool = False,
    layers: int = 1,
) -> Svg:
    """Return the picture of a network unrolled in time. Of a long run the middle is left out.

    Args:
        cell: rnn, gru or lstm.
        shape: one-to-one, one-to-many (each output is the next input, as in a caption), many-to-one (as a sentence's
            class), many-to-many (an output at each step, as tags), encoder-decoder (as a translation).
        steps: steps in time; as many as there are words by default, or 4.
        labels: words under the inputs.
        outputs: words over the outputs; a decoder has as many steps as these.
        bidirectional: a second row of cells reads from the end; of an encoder-decoder, in the encoder.
        layers: layers, one above the other, 1 to 8.

    Raises:
        InputError: something is unknown or does not go together.
    """
    return _Drawing(network(cell, shape, steps, labels, outputs, bidirectional, layers)).svg()


@dataclass(frozen=True)
class _Row:
    """The cells of one layer in one direction; y is their middle."""

    layer: int
    reverse: bool
    y: float


class _Drawing:
    """The places of everything, and what is drawn there."""

    def __init__(self, net: Network):
        self.net = net
        longest = max(len(_short(token)) for c in net.columns if c for token in (c.below, c.above))
        lanes = LANE * net.layers if net.bidirectional and net.shape == "encoder-decoder" else 0
        self.pitch = max(WIDE + 2 * SIDE * net.bidirectional + 50 + lanes, 7.6 * longest + 14)
        self.left = lanes + (92.0 if net.layers > 1 or net.bidirectional else 62.0)
        self.top = 44.0 + 1.5 * lanes
        self.rows = list(self._place_rows())
        self.input_y = self.rows[-1].y + HIGH / 2 + 52
        self.width = max(250.0, self.left + self.pitch * len(net.columns) + 30 * net.bidirectional)
        self.height = self.input_y + 62

    def _place_rows(self) -> Iterator[_Row]:
        y = self.top + 16 + 44 + HIGH / 2
        for layer in range(self.net.layers, 0, -1):
            for reverse in (True, False) if self.net.bidirectional else (False,):
                yield _Row(layer, reverse, y)
                y += HIGH + (16 if reverse else 44)

    def svg(self) -> Svg:
        body = [
            element("title", text(self._said())),
            HEADS,
            element("rect", width=self.width, height=self.height, fill=PAPER),
            *self._row_names(),
            *(part for at in range(len(self.net.columns)) for part in self._column(at)),
            *self._handed_over(),
            self._caption(),
        ]
        box = f"0 0 {self.width:.0f} {self.height:.0f}"
        return Svg(
            element(
                "svg",
                "\n".join(body),
                xmlns="http://www.w3.org/2000/svg",
                width=self.width,
                height=self.height,
                viewBox=box,
                role="img",
                font_family="Helvetica, Arial, 'Liberation Sans', sans-serif",
                font_size="13",
            )
        )

    def _said(self) -> str:
        layers = f", {self.net.layers} layers" if self.net.layers > 1 else ""
        both = ", in both directions" if self.net.bidirectional else ""
        return f"{self.net.cell.upper()} unrolled in time, {self.net.shape}{layers}{both}"

    # ---- positions ----

    def x(self, at: int) -> float:
        """The middle of a column."""
        return self.left + self.pitch * (at + 0.5)

    def cell_x(self, at: int, row: _Row) -> float:
        """The middle of a cell."""
        return self.x(at) + (SIDE if row.reverse else -SIDE if self._sided(at) else 0)

    def _sided(self, at: int) -> bool:
        """This column has cells of both directions."""
        column = self.net.columns[at] or self.net.columns[at - 1]  # steps are left out after a column of their part
        return self.net.bidirectional and not (column and column.decoder)

    def _rows_at(self, at: int) -> list[_Row]:
        return [row for row in self.rows if not row.reverse or self._sided(at)]

    # ---- what is drawn ----

    def _column(self, at: int) -> Iterator[str]:
        column = self.net.columns[at]
        if column is None:
            yield from (word(self.x(at), row.y + 4, "⋯", QUIET, size=20) for row in self._rows_at(at))
            return
        for row in self._rows_at(at):
            yield from self._into(at, row)
            yield from self._carried(at, row)
            yield from self._into_gap(at, row)
        for row in self._rows_at(at):
            yield self._cell(at, row, column)
        yield from self._input(at, column)
        if column.writes:
            yield from self._output(at, column)

    def _cell(self, at: int, row: _Row, column: Column) -> str:
        x, fill = self.cell_x(at, row), DECODER if column.decoder else FORWARD_SOFT
        box = element(
            "rect", x=x - WIDE / 2, y=row.y - HIGH / 2, width=WIDE, height=HIGH, rx=9.0, fill=fill, stroke=FORWARD
        )
        name = word(x, row.y - 2, self.net.cell.upper(), INK, weight="bold")
        return element("g", box + name + word(x, row.y + 15, GATES[self.net.cell], QUIET, size=11), class_="cell")

    def _into(self, at: int, row: _Row) -> Iterator[str]:
        """Draw an arrow from the input or the layer below into a cell."""
        x, foot = self.x(at), row.y + HIGH / 2
        below = self.input_y - 15 if row.layer == 1 else self._joint(row.layer - 1)
        if self._sided(at):
            beside = x + BESIDE if row.reverse else x - BESIDE
            yield arrow([(x, below), (beside, below - 10), (beside, foot)])
        else:
            yield arrow([(x, below), (x, foot)])
        if row.layer > 1 and not row.reverse:
            yield from self._gather(at, row.layer - 1)

    def _joint(self, layer: int) -> float:
        """The height at which a layer's directions are put together, above its cells."""
        return min(row.y for row in self.rows if row.layer == layer) - HIGH / 2 - 14 * self.net.bidirectional

    def _gather(self, at: int, layer: int) -> Iterator[str]:
        """Draw arrows from both directions of a layer to the point above where they are concatenated."""
        if not self._sided(at):
            if self.net.bidirectional:  # a decoder is drawn at the forward row, and has no reverse row to join
                x = self.x(at)
                yield line([(x, self._row(layer, False).y - HIGH / 2), (x, self._joint(layer))])
            return
        joint, x = self._joint(layer), self.x(at)
        forward, reverse = self._row(layer, False), self._row(layer, True)
        yield line([(x - BESIDE, forward.y - HIGH / 2), (x - BESIDE, joint + 10), (x, joint)])
        yield line([(x + BESIDE, reverse.y - HIGH / 2), (x, joint)])
        yield element("circle", cx=x, cy=joint, r=3.2, fill=FORWARD)

    def _row(self, layer: int, reverse: bool) -> _Row:
        return next(row for row in self.rows if (row.layer, row.reverse) == (layer, reverse))

    def _carried(self, at: int, row: _Row) -> Iterator[str]:
        """The states of the step before, or of the start, into a cell."""
        way = 1 if row.reverse else -1  # to the step before
        before = at + way
        edge = self.cell_x(at, row) + way * WIDE / 2
        starts = not 0 <= before < len(self.net.columns) or (row.reverse and not self._sided(before))
        for state, y in _heights(self.net.cell, row.y):
            if starts:
                yield arrow([(edge + way * 22, y), (edge, y)])
                yield state_name(edge + way * 31, y + 4, state, 0)
            elif (there := self.net.columns[before]) is None:
                yield arrow([(self.x(before) - way * 16, y), (edge, y)])
            else:
                far = self.cell_x(before, row) - way * WIDE / 2
                yield arrow([(far, y), (edge, y)])
                yield state_name((far + edge) / 2, y - 6, f"{state}′" if there.decoder else state, there.time)

    def _into_gap(self, at: int, row: _Row) -> Iterator[str]:
        """The states of a cell towards the steps that are left out after it."""
        way = -1 if row.reverse else 1
        if 0 <= at + way < len(self.net.columns) and self.net.columns[at + way] is None:
            edge = self.cell_x(at, row) + way * WIDE / 2
            yield from (arrow([(edge, y), (self.x(at + way) - way * 16, y)]) for _, y in _heights(self.net.cell, row.y))

    def _input(self, at: int, column: Column) -> Iterator[str]:
        x, y = self.x(at), self.input_y
        fed = column.reads == "y"
        yield ring(x, y, symbol("y", column.time - 1) if fed else symbol("x", column.time), QUIET, "input")
        yield word(x, y + 34, _short(column.below), INK, title=column.below)
        before = self.net.columns[at - 1] if at else None
        if fed and before is not None and before.writes:
            start, lane = (self.x(at - 1) + 17, self.top), x - self.pitch / 2 + 10
            yield arrow([start, (lane, self.top), (lane, y), (x - 17, y)], fed=True)

    def _output(self, at: int, column: Column) -> Iterator[str]:
        x, y, top = self.x(at), self.top, self.net.layers
        yield ring(x, y, symbol("y", column.time), BACKWARD, "output")
        yield word(x, y - 23, _short(column.above), INK, title=column.above)
        if self._sided(at) and self.net.shape != "many-to-one":
            yield from self._gather(at, top)
            yield arrow([(x, self._joint(top)), (x, y + 16)])
        elif self._sided(at):
            yield arrow([(x - BESIDE, self._row(top, False).y - HIGH / 2), (x - BESIDE, y + 34), (x, y + 16)])
        else:
            yield arrow([(x, self._row(top, False).y - HIGH / 2), (x, y + 16)])

    def _handed_over(self) -> Iterator[str]:
        """Draw arrows from the last states of the reverse rows, at the first step, to where they are used."""
        if not self.net.bidirectional or self.net.shape not in {"many-to-one", "encoder-decoder"}:
            return
        used = next(at for at, column in enumerate(self.net.columns) if column and column.writes)
        for k, row in enumerate(row for row in self.rows if row.reverse):
            edge = self.cell_x(0, row) - WIDE / 2
            if self.net.shape == "many-to-one":
                lane = self.left - 11
                yield arrow([(edge, row.y), (lane, row.y), (lane, self.top), (self.x(used) - 17, self.top)])
                return  # the output reads the last layer alone
            lane, over = self.left - 11 - LANE * k, self.top - 18 - LANE * k
            foot, drop = self._row(row.layer, False).y - 18, self.x(used) - WIDE / 2 - 14 - LANE * k
            path = [(edge, row.y), (lane, row.y), (lane, over), (drop, over), (drop, foot)]
            yield arrow([*path, (self.x(used) - WIDE / 2, foot)])

    def _row_names(self) -> Iterator[str]:
        if self.net.layers == 1 and not self.net.bidirectional:
            return
        for row in self.rows:
            layer = f"layer {row.layer}" if self.net.layers > 1 else ""
            way = ("← backward" if row.reverse else "→ forward") if self.net.bidirectional else ""
            yield word(8, row.y + (-16 if way else 4), layer, QUIET, size=11, anchor="start")
            yield word(8, row.y + (-3 if layer else 4), way, QUIET, size=11, anchor="start")

    def _caption(self) -> str:
        if self.net.shape == "encoder-decoder":
            said = "all blue cells of a row have the same weights, all grey ones too"
        else:
            said = "all cells of a row have the same weights"
        return word(8, self.height - 8, said, QUIET, size=11, anchor="start")


def _heights(cell: str, y: float) -> tuple[tuple[str, float], ...]:
    """Each state's letter and the height of its arrow, for a cell in the middle of which is y."""
    return (("c", y - 9), ("h", y + 12)) if cell == "lstm" else (("h", y),)


def _short(token: str) -> str:
    return shorten(visible(token), _MOST, "…")
