// The picture: the network unrolled, time from left to right, inputs below, outputs above. A card holds the values of
// a step and, under them, their gradients; a solid arrow carries forward, a dashed one carries the gradient back, and
// what an arrow carries stands beside it. Every example has its own picture; the one in hand is shown.

const GROUPS = {
  rnn: [["a", "h"]],
  lstm: [["i", "f", "o"], ["g", "c", "h"]],
  gru_after: [["r", "z"], ["u", "n", "h"]],
  gru_before: [["r", "z"], ["q", "n", "h"]],
}[DATA.cell];
const GATES = new Set(["i", "f", "o", "r", "z"]);
const ROW = 17, HEAD = 20, PAD = 9, MOST = 8;
const pictures = document.getElementById("pictures");
const drawn = []; // {example, figure, later: [[element, step]], slots: Map(value -> element), cells}

const longest = Math.max(5, ...VALUES.filter((value) => value.p !== "parameter" && value.h.length < 2).flatMap((value) => value.d.map((d) => d.length)));
const COLUMN = Math.max(46, longest * 7.1 + 12);
const CARRIED = new Map(DATA.carry.map(([from, to, x, d]) => [`${from}>${to}`, { x, d }]));

function drawAll() {
  pictures.textContent = "";
  drawn.length = 0;
  const several = DATA.examples.length > 1;
  DATA.examples.forEach((example, k) => drawn.push(draw(example, several ? k + 1 : undefined)));
}

function draw({ words, steps }, example) {
  const picture = { example, later: [], slots: new Map(), boxes: new Map(), edges: [] };
  const plan = planned(words, steps, example);
  const parts = [];
  for (const column of plan.columns) parts.push(...drawColumn(column, plan, picture));
  parts.unshift(...plan.columns.flatMap((column) => drawArrows(column, plan)));
  const figure = document.createElement("figure");
  figure.className = "picture armed";
  const caption = `${example ? `Example ${example}. ` : ""}${words ? `“${words.join(" ")}”, ` : ""}${steps} steps`;
  figure.innerHTML = `<figcaption>${escaped(caption)}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="Picture of the network: ${escaped(caption)}">
    <svg width="${plan.width}" height="${plan.height}" viewBox="0 0 ${plan.width} ${plan.height}" role="group" aria-label="The network unrolled in time">${parts.join("")}</svg></div>`;
  pictures.append(figure);
  picture.figure = figure;
  picture.scroll = figure.querySelector(".scroll");
  for (const node of figure.querySelectorAll("[data-step]")) picture.later.push([node, Number(node.dataset.step)]);
  for (const node of figure.querySelectorAll("[data-slot]")) picture.slots.set(Number(node.dataset.slot), node);
  for (const node of figure.querySelectorAll("[data-box]")) picture.boxes.set(node.dataset.box, node);
  picture.edges = [...figure.querySelectorAll(".edge")];
  return picture;
}

// ---- where things stand ----

function find(example, symbol, layer, reverse, t, gradient = false) {
  const id = `${example ? `${example}/` : ""}${gradient ? "d" : ""}${symbol}${layer > 1 ? `_l${layer}` : ""}${reverse ? "_r" : ""}`;
  const exact = BY_ID.get(`${id}.${t}`);
  if (exact !== undefined) return exact;
  const once = BY_ID.get(id);
  return once !== undefined && VALUES[once].t === t ? once : undefined;
}

function planned(words, steps, example) {
  const hidden = Math.max(...VALUES.filter((v) => v.p !== "parameter" && v.h.length === 1 && /^(\d+\/)?h/.test(v.i)).map((v) => v.v.length), 1);
  const rows = Math.min(hidden, MOST);
  const back = VALUES.some((v) => v.p === "backward");
  const block = (n) => HEAD + ROW * n;
  const cellWidth = Math.max(...GROUPS.map((g) => g.length)) * COLUMN + 2 * PAD;
  const cellHeight = GROUPS.length * block(rows) * (back ? 2 : 1) + 2 * PAD + (GROUPS.length - 1) * 8;
  const gap = COLUMN + 34;
  const plan = { words, steps, example, rows, back, block, cellWidth, cellHeight, gap, cells: [] };
  const outputs = outputCard(plan);
  const rise = back && outputs.rows ? Math.max(44, 14 * rows + 22) : 40;
  let y = 12;
  plan.outputY = y;
  plan.outputs = outputs;
  if (outputs.rows) y += outputs.height + rise;
  for (let layer = DATA.layers; layer >= 1; layer -= 1) {
    for (let reverse = DATA.directions - 1; reverse >= 0; reverse -= 1) {
      plan.cells.push({ layer, reverse, y });
      y += cellHeight + (reverse ? 26 : 44);
    }
  }
  plan.inputY = y;
  const size = Math.max(1, ...VALUES.filter((v) => /^(\d+\/)?x\./.test(v.i)).map((v) => v.v.length));
  plan.inputRows = Math.min(size, MOST);
  plan.height = y + HEAD + ROW * plan.inputRows + 2 * PAD + (words ? 26 : 6);
  const startWidth = COLUMN + 2 * PAD;
  const left = 10 + startWidth + gap;
  plan.columns = upTo(steps).map((k) => ({ t: k + 1, x: left + k * (cellWidth + gap) }));
  plan.columns.unshift({ t: 0, x: 10, start: true });
  plan.width = left + steps * (cellWidth + gap) - gap + 12 + Math.max(0, (outputs.width - cellWidth) / 2);
  if (DATA.directions > 1) {
    plan.columns.push({ t: steps + 1, x: plan.width + gap - 12, start: true });
    plan.width += gap + startWidth;
  }
  plan.startWidth = startWidth;
  return plan;
}

function outputCard({ example, back }) {
  const at = (symbol) => VALUES.filter((v) => v.e === example && new RegExp(`^(\\d+/)?${symbol}(\\.\\d+)?$`).test(v.i));
  const ps = at("p");
  const rows = Math.min(MOST, Math.max(0, ...ps.map((v) => v.v.length)));
  const symbols = ["y", "p", "target"].filter((symbol) => at(symbol).length);
  const height = (HEAD + ROW * rows) * (back ? 2 : 1) + 2 * PAD + (at("loss").length ? ROW + 4 : 0);
  return { rows, symbols, height, width: symbols.length * COLUMN + 2 * PAD };
}

// ---- cards ----

function drawColumn(column, plan, picture) {
  const { t, x, start } = column;
  const parts = [];
  for (const cell of plan.cells) {
    if (start) {
      if ((t === 0) === !cell.reverse) parts.push(startCard(column, cell, plan));
      continue;
    }
    parts.push(box(x, cell.y, plan.cellWidth, plan.cellHeight, `${cell.layer}:${cell.reverse}:${t}`, "cell"));
    let y = cell.y + PAD;
    for (const symbols of GROUPS) {
      parts.push(table(symbols, plan, cell, t, x + PAD, y, plan.rows, plan.cellWidth - 2 * PAD));
      y += plan.block(plan.rows) * (plan.back ? 2 : 1) + 8;
    }
  }
  if (!start) parts.push(inputCard(column, plan), output(column, plan));
  return parts;
}

function box(x, y, width, height, key, kind) {
  return `<rect class="box ${kind}" data-box="${key}" x="${x}" y="${y}" width="${width}" height="${height}" rx="9"/>`;
}

// Symbols side by side: their values, and under them their gradients.
function table(symbols, plan, cell, t, x, y, rows, width) {
  const step = width / symbols.length;
  const below = y + HEAD + ROW * rows;
  return symbols.map((symbol, k) => {
    const value = find(plan.example, symbol, cell.layer, cell.reverse, t);
    const gradient = find(plan.example, symbol, cell.layer, cell.reverse, t, true);
    const at = x + k * step;
    return (value === undefined ? "" : stack(value, at, y, step, rows, GATES.has(symbol) && DATA.cell !== "rnn")) +
      (gradient === undefined ? "" : stack(gradient, at, below, step, rows, false));
  }).join("");
}

// A name and its numbers, one below the other.
function stack(v, x, y, width, rows, bars) {
  const value = VALUES[v];
  const step = STEP_OF.has(v) ? ` data-step="${STEP_OF.get(v)}"` : "";
  const shown = value.v.length > rows ? rows - 1 : value.v.length;
  const right = x + width - 7;
  const lines = upTo(shown).map((k) => {
    const top = y + HEAD + k * ROW;
    const bar = bars ? `<rect class="track" x="${x + 4}" y="${top + 1.5}" width="${width - 8}" height="${ROW - 3}" rx="2"/><rect class="fill" x="${x + 4}" y="${top + 1.5}" width="${((width - 8) * value.v[k]).toFixed(1)}" height="${ROW - 3}" rx="2"/>` : "";
    return bar + `<text class="number" data-n="${v}:${k}" x="${right}" y="${top + 13}">${pretty(printed(v, k))}</text>`;
  });
  if (shown < value.v.length) lines.push(`<text class="more" x="${right}" y="${y + HEAD + shown * ROW + 12}">+${value.v.length - shown}</text>`);
  return `<g class="stack ${value.p}"><rect class="slot" data-slot="${v}" x="${x + 1}" y="${y}" width="${width - 2}" height="${HEAD + ROW * rows}" rx="5"/>
    <g class="named"${step}><text class="symbol" x="${right}" y="${y + 14}">${svgName(v)}</text><g class="digits">${lines.join("")}</g></g></g>`;
}

function svgName(v) {
  const [gradient, letter, below, above, accent] = VALUES[v].n;
  const mark = { "^": "\u0302", "~": "\u0303" }[accent] || "";
  const against = accent === "←" ? '<tspan class="script">←</tspan>' : "";
  const up = above ? `<tspan class="script" dy="-4">${escaped(above)}</tspan>` : "";
  const down = below ? `<tspan class="script" dy="${above ? 8 : 4}">${escaped(below)}</tspan>` : "";
  const back = above || below ? `<tspan dy="${below ? -4 : 4}">\u200b</tspan>` : "";
  return `${gradient ? '<tspan class="d">d</tspan>' : ""}${against}<tspan class="${letter.length > 1 ? "word" : "letter"}">${escaped(letter)}${mark}</tspan>${up}${down}${back}`;
}

function startCard({ t, x }, cell, plan) {
  const states = DATA.states.map((symbol) => find(plan.example, symbol, cell.layer, cell.reverse, t)).filter((v) => v !== undefined);
  return states.map((v) => {
    const gradient = BY_ID.get(VALUES[v].i.replace(/^(\d+\/)?/, "$1d"));
    const high = plan.block(plan.rows) * (gradient === undefined ? 1 : 2) + 8;
    const y = stateY(VALUES[v].i, cell, plan) - high / 2;
    return box(x, y, plan.startWidth, high, `start:${v}`, "start") + stack(v, x + PAD, y + 2, COLUMN, plan.rows, false) +
      (gradient === undefined ? "" : stack(gradient, x + PAD, y + 2 + plan.block(plan.rows), COLUMN, plan.rows, false));
  }).join("");
}

function inputCard({ t, x }, plan) {
  const value = find(plan.example, "x", 1, 0, t);
  if (value === undefined) return "";
  const gradient = find(plan.example, "x", 1, 0, t, true);
  const width = COLUMN * (plan.back ? 2 : 1) + 2 * PAD;
  const left = x + (plan.cellWidth - width) / 2;
  const high = HEAD + ROW * plan.inputRows + 2 * PAD;
  const word = plan.words ? `<text class="word-below" x="${x + plan.cellWidth / 2}" y="${plan.inputY + high + 18}">“${escaped(plan.words[t - 1])}”</text>` : "";
  return box(left, plan.inputY, width, high, `x:${t}`, "input") + stack(value, left + PAD, plan.inputY + PAD, COLUMN, plan.inputRows, false) +
    (gradient === undefined ? "" : stack(gradient, left + PAD + COLUMN, plan.inputY + PAD, COLUMN, plan.inputRows, false)) + word;
}

function output({ t, x }, plan) {
  const { outputs, outputY, example, cellWidth } = plan;
  if (find(example, "p", 1, 0, t) === undefined) return "";
  const left = x + (cellWidth - outputs.width) / 2;
  const loss = find(example, "loss", 1, 0, t);
  const line = outputY + outputs.height - PAD - 3;
  const step = STEP_OF.get(loss);
  const label = loss === undefined ? "" : `<g class="stack forward"><rect class="slot" data-slot="${loss}" x="${left + PAD}" y="${line - 14}" width="${outputs.width - 2 * PAD}" height="19" rx="5"/><g class="named"${step === undefined ? "" : ` data-step="${step}"`}><text class="symbol start" x="${left + PAD + 6}" y="${line}">${svgName(loss)} =</text><g class="digits"><text class="number" data-n="${loss}:0" x="${left + outputs.width - PAD - 7}" y="${line}">${pretty(printed(loss, 0))}</text></g></g></g>`;
  return box(left, outputY, outputs.width, outputs.height, `out:${t}`, "output") +
    table(outputs.symbols, plan, { layer: 1, reverse: 0 }, t, left + PAD, outputY + PAD, outputs.rows, outputs.width - 2 * PAD) + label;
}

// ---- arrows ----

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
  const user = DATA.cell === "rnn" ? find(plan.example, "a", cell.layer, cell.reverse, t) : find(plan.example, symbol, cell.layer, cell.reverse, t);
  const carried = CARRIED.get(`${from}>${user}`);
  const middle = (near + far) / 2 + COLUMN / 2 - 4;
  const arrives = STEP_OF.get(user);
  const gradient = find(plan.example, symbol, cell.layer, cell.reverse, before, true);
  const forward = arrow("forward", far, y - 3, near, y - 3, `${from}`, `${cell.layer}:${cell.reverse}:${t}`);
  const numbers = carried
    ? numbersAt(carried.d, middle, y - 10, -1, plan.rows, arrives, "forward", svgExpr(carried.x))
    : edge ? "" : numbersAt(VALUES[from].d, middle, y - 10, -1, plan.rows, STEP_OF.get(from), "forward", svgName(from), from);
  if (gradient === undefined || !(VALUES[gradient].w || {}).next) return forward + numbers;
  const back = arrow("backward", near, y + 4, far, y + 4, `${gradient}`, `${cell.layer}:${cell.reverse}:${t}`, STEP_OF.get(gradient));
  return forward + numbers + back + numbersAt(VALUES[gradient].w.next, middle, y + 10, 1, plan.rows, STEP_OF.get(gradient), "backward", "");
}

function arrow(way, x1, y1, x2, y2, value, place, step) {
  return `<path class="edge ${way}" data-of="${value}" data-at="${place}"${step === undefined ? "" : ` data-step="${step}"`} d="M${x1} ${y1}L${x2} ${y2}" marker-end="url(#head-${way})"/>`;
}

// A column of numbers beside an arrow, above (-1) or below (1) it; with a value, each is linked.
function numbersAt(carried, x, y, side, rows, step, way, label, v) {
  const texts = hiding ? carried.map(() => GAP) : carried;
  const shown = texts.length > rows ? rows - 1 : texts.length;
  const top = side < 0 ? y - (shown - 1) * 14 : y + 11;
  const later = step === undefined ? "" : ` data-step="${step}"`;
  const lines = upTo(shown).map((k) => `<text class="carried"${v === undefined ? "" : ` data-n="${v}:${k}"`} x="${x}" y="${top + k * 14}">${pretty(texts[k])}</text>`);
  const head = label ? `<text class="carried label" x="${x}" y="${top - 17}">${label}</text>` : "";
  return `<g class="brought ${way}"${later}>${head}<g class="digits">${lines.join("")}</g></g>`;
}

function svgExpr(x) {
  return isLeaf(x) ? svgName(x) : args(x).map(svgExpr).join(x[0] === "mul" ? " ∘ " : " ");
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
      const source = below.length ? find(plan.example, "h", below[k].layer, below[k].reverse, t) : find(plan.example, "x", 1, 0, t);
      if (source === undefined) return;
      const gradient = find(plan.example, below.length ? "h" : "x", below.length ? below[k].layer : 1, below.length ? below[k].reverse : 0, t, true);
      const clear = top > bottom && !plan.cells.some((c) => c.y > bottom && c.y < top);
      if (clear) {
        parts.push(arrow("forward", middle - 5, top, middle - 5, bottom + 1, source, at));
        if (gradient !== undefined) parts.push(arrow("backward", middle + 6, bottom, middle + 6, top - 1, gradient, at, STEP_OF.get(gradient)));
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
  const later = step === undefined ? "" : ` data-step="${step}"`;
  const tip = start > end ? end + 1 : end - 1;
  return `<path class="edge ${way}" data-of="${value}" data-at="${place}"${later} d="M${x} ${start}V${start + out}H${lane}V${end + into}H${x}V${tip}" marker-end="url(#head-${way})"/>`;
}

function outputArrows(t, x, plan) {
  const p = find(plan.example, "p", 1, 0, t);
  if (p === undefined || !plan.outputs.rows) return "";
  const bottom = plan.outputY + plan.outputs.height;
  return plan.cells.filter((cell) => cell.layer === DATA.layers).map((cell, k) => {
    const source = find(plan.example, "h", cell.layer, cell.reverse, t);
    const gradient = find(plan.example, "h", cell.layer, cell.reverse, t, true);
    if (source === undefined) return "";
    const middle = x + plan.cellWidth / 2;
    const place = `out:${t}`;
    const lane = x + plan.cellWidth + 8;
    const forward = k > 0
      ? lanePath("forward", middle + 24, cell.y, lane, bottom, source, place, -9, 14)
      : arrow("forward", middle - 5, cell.y, middle - 5, bottom + 1, source, place);
    const ways = (gradient !== undefined && VALUES[gradient].w) || {};
    const brought = ways.out || (DATA.directions > 1 ? ways.up : undefined);
    if (!brought) return forward;
    const step = STEP_OF.get(gradient);
    const top = plan.cells.find((c) => c.layer === DATA.layers).y;
    const y = (bottom + top) / 2 - (Math.min(brought.length, plan.rows) * 14) / 2 - 1;
    const back = k > 0
      ? lanePath("backward", middle + 34, bottom, lane + 6, cell.y, gradient, place, 20, -4, step)
      : arrow("backward", middle + 6, bottom, middle + 6, cell.y - 1, gradient, place, step);
    const right = k > 0 ? lane + 14 + COLUMN : middle + 12 + COLUMN;
    return forward + back + numbersAt(brought, right, y, 1, plan.rows, step, "backward", "");
  }).join("");
}

// ---- what is shown at a step ----

function paint(step) {
  const { v, section } = STEPS[step];
  const current = drawn.find((picture) => picture.example === section.example) || drawn[lastPicture];
  lastPicture = drawn.indexOf(current);
  for (const picture of drawn) picture.figure.classList.toggle("shown", picture === current);
  for (const [node, made] of current.later) node.classList.toggle("later", made > step);
  for (const node of current.figure.querySelectorAll(".current, .active")) node.classList.remove("current", "active");
  const slot = current.slots.get(v) || current.slots.get(slotOf(v));
  if (slot) slot.classList.add("current");
  const where = boxOf(v);
  const here = current.boxes.get(where);
  if (here) here.classList.add("current");
  const used = new Set(leaves(VALUES[v].x));
  for (const edge of current.edges) edge.classList.toggle("active", isActive(edge, v, where, used));
  showColumn(current, here || slot);
  const first = slot && slot.parentNode.querySelector("[data-n]");
  const start = first || reachable(current.figure)[0];
  if (start && !current.figure.contains(document.activeElement)) arm(start);
}

let lastPicture = 0;

// The pre-activation of a gate is not drawn: its gate stands for it.
function slotOf(v) {
  return BY_ID.get(VALUES[v].i.replace(/(d?)a_([a-z])/, "$1$2"));
}

function boxOf(v) {
  const value = VALUES[v];
  const bare = value.i.replace(/^\d+\//, "");
  if (/^d?(y|p|target|loss|dp_dy|hh)(\.|$)/.test(bare) || /^d(W_hy|b_y)@/.test(bare)) return `out:${value.t}`;
  if (/^d?x\./.test(bare) || /^dE\..*@/.test(bare)) return `x:${value.t}`;
  return `${value.at[0]}:${value.at[1]}:${value.t}`;
}

function isActive(edge, v, where, used) {
  const of = Number(edge.dataset.of);
  if (edge.classList.contains("backward")) return of === v;
  return VALUES[v].p === "forward" && edge.dataset.at === where && used.has(of);
}

function showColumn(picture, node) {
  if (!node || !picture.scroll.scrollTo) return;
  const { x, width } = node.getBBox();
  const left = Math.max(0, x + width / 2 - picture.scroll.clientWidth / 2);
  picture.scroll.scrollTo({ left, behavior: calm() ? "auto" : "smooth" });
}
