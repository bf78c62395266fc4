// The picture: the network unrolled, time from left to right, inputs below, outputs above. A card holds the values of
// a step and, under them, their gradients; a solid arrow carries forward, a dashed one carries the gradient back, and
// what an arrow carries stands beside it. Every example has its own picture; the one in hand is shown.

const GROUPS = {
  rnn: [["a", "h"]],
  lstm: [
    ["i", "f", "o"],
    ["g", "c", "h"],
  ],
  gru_after: [
    ["r", "z"],
    ["u", "n", "h"],
  ],
  gru_before: [
    ["r", "z"],
    ["q", "n", "h"],
  ],
}[DATA.cell];
const GATES = new Set(["i", "f", "o", "r", "z"]);
const ROW = 17,
  HEAD = 20,
  PAD = 9,
  MOST = 8;
const pictures = document.getElementById("pictures");
const drawn = []; // {example, figure, later: [[element, step]], slots: Map(value -> element), cells}

const longest = Math.max(
  5,
  ...VALUES.filter((value) => value.p !== "parameter" && value.h.length < 2).flatMap((value) =>
    value.d.map((d) => d.length),
  ),
);
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
  const region = `tabindex="0" role="region" aria-label="Picture of the network: ${escaped(caption)}"`;
  const size = `width="${plan.width}" height="${plan.height}" viewBox="0 0 ${plan.width} ${plan.height}"`;
  figure.innerHTML = `<figcaption>${escaped(caption)}</figcaption><div class="scroll" ${region}>
    <svg ${size} role="group" aria-label="The network unrolled in time">${parts.join("")}</svg></div>`;
  pictures.append(figure);
  picture.figure = figure;
  picture.scroll = figure.querySelector(".scroll");
  for (const node of all(figure, "[data-step]")) picture.later.push([node, Number(node.dataset.step)]);
  for (const node of all(figure, "[data-slot]")) picture.slots.set(Number(node.dataset.slot), node);
  for (const node of all(figure, "[data-box]")) picture.boxes.set(node.dataset.box, node);
  picture.edges = all(figure, ".edge");
  return picture;
}

// ---- where things stand ----

function find(example, symbol, layer, reverse, t, gradient = false) {
  const prefix = `${example ? `${example}/` : ""}${gradient ? "d" : ""}`;
  const id = `${prefix}${symbol}${layer > 1 ? `_l${layer}` : ""}${reverse ? "_r" : ""}`;
  const exact = BY_ID.get(`${id}.${t}`);
  if (exact !== undefined) return exact;
  const once = BY_ID.get(id);
  return once !== undefined && VALUES[once].t === t ? once : undefined;
}

function planned(words, steps, example) {
  const hidden = Math.max(
    ...VALUES.filter((v) => v.p !== "parameter" && v.h.length === 1 && /^(\d+\/)?h/.test(v.i)).map((v) => v.v.length),
    1,
  );
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

// ---- what is shown at a step ----

function paint(step) {
  const { v, section } = STEPS[step];
  const current = drawn.find((picture) => picture.example === section.example) || drawn[lastPicture];
  lastPicture = drawn.indexOf(current);
  for (const picture of drawn) picture.figure.classList.toggle("shown", picture === current);
  for (const [node, made] of current.later) node.classList.toggle("later", made > step);
  for (const node of all(current.figure, ".current, .active")) node.classList.remove("current", "active");
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
