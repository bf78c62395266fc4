// Arrows between cards and the numbers that they carry, as SVG. Takes columns of `planned` (picture.js).

function stateY(id, cell, plan) {
  const symbol = id.replace(/^\d+\//, "")[0];
  if (DATA.states.length < 2) return cell.y + plan.cellHeight / 2;
  return cell.y + plan.cellHeight * (symbol === "c" ? 0.26 : 0.76);
}

function drawArrows({ t, x, start }, plan) {
  if (start) return [];
  const arrows = [];
  for (const cell of plan.cells) {
    for (const symbol of DATA.states) arrows.push(stateArrow(symbol, cell, t, x, plan));
  }
  arrows.push(inputArrows(t, x, plan), outputArrows(t, x, plan));
  return arrows;
}

// From the state before into this step's cell.
function stateArrow(symbol, cell, t, x, plan) {
  const before = cell.reverse ? t + 1 : t - 1;
  const from = find(plan.example, symbol, cell.layer, cell.reverse, before);
  if (from === undefined) return "";
  const edge = before < 1 || before > plan.steps;
  const y = stateY(VALUES[from].i, cell, plan);
  const near = cell.reverse ? x + plan.cellWidth : x;
  const far = cell.reverse ? near + plan.gap : near - plan.gap;
  const user =
    DATA.cell === "rnn"
      ? find(plan.example, "a", cell.layer, cell.reverse, t)
      : find(plan.example, symbol, cell.layer, cell.reverse, t);
  const carried = CARRIED.get(`${from}>${user}`);
  const middle = (near + far) / 2 + COLUMN / 2 - 4;
  const arrives = STEP_OF.get(user);
  const gradient = find(plan.example, symbol, cell.layer, cell.reverse, before, true);
  const forward = arrow("forward", far, y - 3, near, y - 3, `${from}`, `${cell.layer}:${cell.reverse}:${t}`);
  const numbers = carried
    ? numbersAt(carried.d, middle, y - 10, -1, plan.rows, arrives, "forward", svgExpr(carried.x))
    : edge
      ? ""
      : numbersAt(VALUES[from].d, middle, y - 10, -1, plan.rows, STEP_OF.get(from), "forward", svgName(from), from);
  if (gradient === undefined || !(VALUES[gradient].w || {}).next) return forward + numbers;
  const back = arrow(
    "backward",
    near,
    y + 4,
    far,
    y + 4,
    `${gradient}`,
    `${cell.layer}:${cell.reverse}:${t}`,
    STEP_OF.get(gradient),
  );
  return (
    forward +
    numbers +
    back +
    numbersAt(VALUES[gradient].w.next, middle, y + 10, 1, plan.rows, STEP_OF.get(gradient), "backward", "")
  );
}

function arrow(way, x1, y1, x2, y2, value, place, step) {
  return edge(way, value, place, step, `M${x1} ${y1}L${x2} ${y2}`);
}

function edge(way, value, place, step, path) {
  const of = `data-of="${value}" data-at="${place}"${dataStep(step)}`;
  return `<path class="edge ${way}" ${of} d="${path}" marker-end="url(#head-${way})"/>`;
}

function dataStep(step) {
  return step === undefined ? "" : ` data-step="${step}"`;
}

// A column of numbers beside an arrow, above (-1) or below (1) it; with a value, each is linked.
function numbersAt(carried, x, y, side, rows, step, way, label, v) {
  const texts = hiding ? carried.map(() => GAP) : carried;
  const shown = texts.length > rows ? rows - 1 : texts.length;
  const top = side < 0 ? y - (shown - 1) * 14 : y + 11;
  const later = dataStep(step);
  const lines = upTo(shown).map((k) => {
    const link = v === undefined ? "" : ` data-n="${v}:${k}"`;
    return `<text class="carried"${link} x="${x}" y="${top + k * 14}">${pretty(texts[k])}</text>`;
  });
  const head = label ? `<text class="carried label" x="${x}" y="${top - 17}">${label}</text>` : "";
  return `<g class="brought ${way}"${later}>${head}<g class="digits">${lines.join("")}</g></g>`;
}

function svgExpr(x) {
  return isLeaf(x)
    ? svgName(x)
    : args(x)
        .map(svgExpr)
        .join(x[0] === "mul" ? " ∘ " : " ");
}

function inputArrows(t, x, plan) {
  const parts = [];
  for (const cell of plan.cells) {
    const below = cell.layer > 1 ? plan.cells.filter((c) => c.layer === cell.layer - 1) : [];
    const sources = below.length ? below.map((c) => c.y) : [plan.inputY];
    const middle = x + plan.cellWidth / 2;
    const bottom = cell.y + plan.cellHeight;
    const at = `${cell.layer}:${cell.reverse}:${t}`;
    sources.forEach((top, k) => {
      const source = below.length
        ? find(plan.example, "h", below[k].layer, below[k].reverse, t)
        : find(plan.example, "x", 1, 0, t);
      if (source === undefined) return;
      const gradient = find(
        plan.example,
        below.length ? "h" : "x",
        below.length ? below[k].layer : 1,
        below.length ? below[k].reverse : 0,
        t,
        true,
      );
      const clear = top > bottom && !plan.cells.some((c) => c.y > bottom && c.y < top);
      if (clear) {
        parts.push(arrow("forward", middle - 5, top, middle - 5, bottom + 1, source, at));
        if (gradient !== undefined)
          parts.push(arrow("backward", middle + 6, bottom, middle + 6, top - 1, gradient, at, STEP_OF.get(gradient)));
        return;
      }
      const lane = x - 9 - 7 * k;
      parts.push(lanePath("forward", middle - 24, top, lane, bottom, source, at));
    });
  }
  return parts.join("");
}

// Round a cell that stands between: out of one card, along a lane beside the cell, into the other.
function lanePath(way, x, start, lane, end, value, place, out = -9, into = 12, step = undefined) {
  const tip = start > end ? end + 1 : end - 1;
  return edge(way, value, place, step, `M${x} ${start}V${start + out}H${lane}V${end + into}H${x}V${tip}`);
}

function outputArrows(t, x, plan) {
  const p = find(plan.example, "p", 1, 0, t);
  if (p === undefined || !plan.outputs.rows) return "";
  const bottom = plan.outputY + plan.outputs.height;
  return plan.cells
    .filter((cell) => cell.layer === DATA.layers)
    .map((cell, k) => {
      const source = find(plan.example, "h", cell.layer, cell.reverse, t);
      const gradient = find(plan.example, "h", cell.layer, cell.reverse, t, true);
      if (source === undefined) return "";
      const middle = x + plan.cellWidth / 2;
      const place = `out:${t}`;
      const lane = x + plan.cellWidth + 8;
      const forward =
        k > 0
          ? lanePath("forward", middle + 24, cell.y, lane, bottom, source, place, -9, 14)
          : arrow("forward", middle - 5, cell.y, middle - 5, bottom + 1, source, place);
      const ways = (gradient !== undefined && VALUES[gradient].w) || {};
      const brought = ways.out || (DATA.directions > 1 ? ways.up : undefined);
      if (!brought) return forward;
      const step = STEP_OF.get(gradient);
      const top = plan.cells.find((c) => c.layer === DATA.layers).y;
      const y = (bottom + top) / 2 - (Math.min(brought.length, plan.rows) * 14) / 2 - 1;
      const back =
        k > 0
          ? lanePath("backward", middle + 34, bottom, lane + 6, cell.y, gradient, place, 20, -4, step)
          : arrow("backward", middle + 6, bottom, middle + 6, cell.y - 1, gradient, place, step);
      const right = k > 0 ? lane + 14 + COLUMN : middle + 12 + COLUMN;
      return forward + back + numbersAt(brought, right, y, 1, plan.rows, step, "backward", "");
    })
    .join("");
}
