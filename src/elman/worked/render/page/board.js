// The board: every line of the calculation in order. A line shows its formula; once its step is reached, its result;
// the line in hand, and every line when the whole sheet is shown or printed, also the numbers put in and the reason.

/** The steps of the sheet, in order. @type {Step[]} */
const STEPS = [];
const STEP_OF = new Map(); // value -> the step that makes it
const board = document.getElementById("board");
const ROWS_LIMIT = 12000; // numbers of a sheet up to which printing puts the numbers in on every line
const AT_ONCE = 400; // lines
const NUMBERS = VALUES.reduce((sum, value) => sum + value.v.length, 0);

function layOut() {
  board.textContent = "";
  STEPS.length = 0;
  for (const section of DATA.sections) {
    const part = document.createElement("section");
    part.className = `pass ${section.kind}`;
    const id = `section-${board.children.length + 1}`;
    part.setAttribute("aria-labelledby", id);
    const lines = section.lines.map((v) => line(v, section));
    part.innerHTML = `<h3 id="${id}">${escaped(sectionTitle(section))}</h3><ol>${lines.join("")}</ol>`;
    board.append(part);
  }
  for (const step of STEPS) step.line = document.getElementById(`v${step.v}`);
}

function sectionTitle({ title, kind }) {
  const [word, ...rest] = title.split(" ");
  const small = word[0] + word.slice(1).toLowerCase();
  return kind === "sums" || kind === "update"
    ? title.replace(/[A-Z]{2,}/g, (w) => w.toLowerCase()).replace(/^./, (c) => c.toUpperCase())
    : [small, ...rest].join(" ");
}

function line(v, section) {
  const given = VALUES[v].x === undefined;
  if (!given) {
    STEP_OF.set(v, STEPS.length);
    STEPS.push({ v, section });
  }
  return `<li id="v${v}" class="line${given ? " given" : ""}" data-v="${v}"></li>`;
}

// Fill a line with its formula and result; `rows` also puts the numbers in.
function fill(item, rows) {
  const v = Number(item.dataset.v);
  const value = VALUES[v];
  if (!item.firstChild) item.innerHTML = value.x === undefined ? given(v) : made(v);
  if (rows && value.x !== undefined && !item.querySelector(".work")) {
    item.insertAdjacentHTML(
      "beforeend",
      `<div class="work">${work(v)}<p class="why">${escaped(reason(value))}.</p></div>`,
    );
  }
}

function given(v) {
  return `<div class="eq">${math(row(nameMath(v, VALUES[v].e), mo("=")), `${VALUES[v].s} =`)} ${result(v)}</div>`;
}

function made(v) {
  const value = VALUES[v];
  const sign = value.g ? "=" : "≈";
  const left = math(row(nameMath(v, value.e), mo("=")), `${nameText(v, value.e)} =`);
  const relation = `<math alttext="${value.g ? "equals" : "is about"}"><mo>${sign}</mo></math>`;
  const right = `<span class="result${resultClass(value)}">${relation} ${result(v)}</span>`;
  const came = value.c ? `<span class="came">${escaped(value.c)}</span>` : "";
  return `<a class="address" tabindex="-1" href="#step=${encodeURI(value.i)}">${escaped(value.i)}</a>
    <div class="eq">${left} ${formula(v)} ${right}${came}</div>`;
}

// A matrix stays beside its sign; one that is wider than the board scrolls.
function resultClass({ h, d }) {
  if (h.length === 2 && h[1] > 4) return " wide";
  return h.length === 2 || d.length <= 4 ? " block" : "";
}

function work(v) {
  const value = VALUES[v];
  const table = shares(v);
  if (table) return table;
  if (!Array.isArray(value.x)) return "";
  const shown = value.h.length === 2 ? [0] : upTo(value.v.length);
  const note =
    value.h.length === 2 && value.v.length > 1
      ? '<p class="hint">and so on<span class="hover">; point at an entry to see how it is made</span></p>'
      : "";
  return `<div class="rows">${shown.map((k) => oneRow(v, k)).join("")}</div>${note}`;
}

function oneRow(v, k) {
  const { g, m = [] } = VALUES[v];
  const star = m.includes(k) ? MARK : "";
  const end = math(row(mo(g ? "=" : "≈"), numberMath(v, k), star), `${g ? "=" : "≈"} ${printed(v, k)}`);
  const numbers = `<span class="numbers">${substituted(v, k)} ${end}</span>`;
  return `<div class="row"><span class="place">${place(v, k)}</span>${numbers}</div>`;
}

// The reason, with those who use a value for the same reason named together: "a.3 and y.2 use h.2: ...".
function reason({ r }) {
  const said = r.split(". ").map((part) => /^(\S+) uses (\S+): (.*)$/.exec(part));
  if (said.length < 2 || said.includes(null)) return r;
  const rules = new Map();
  for (const [, user, used, rule] of said)
    rules.set(`${used}: ${rule}`, [...(rules.get(`${used}: ${rule}`) || []), user]);
  const named = (users) =>
    users.length > 1 ? `${users.slice(0, -1).join(", ")} and ${users[users.length - 1]} use` : `${users[0]} uses`;
  return [...rules].map(([rule, users]) => `${named(users)} ${rule}`).join(". ");
}

// A sum over the steps as a table: one row a step, one column an entry.
function shares(v) {
  const { x, d } = VALUES[v];
  const parts = Array.isArray(x) && x[0] === "add" ? args(x) : [];
  if (parts.length < 2 || d.length > 16 || !parts.every((p) => isLeaf(p) && VALUES[p].n[5])) return "";
  const cells = (u) => d.map((_, k) => `<td>${htmlNumber(u, k)}</td>`).join("");
  const head = d.map((_, k) => `<th scope="col">${place(v, k) || "share"}</th>`).join("");
  const body = parts.map((p) => `<tr><th scope="row">t = ${VALUES[p].n[5]}</th>${cells(p)}</tr>`).join("");
  const caption = `<caption>Shares of ${escaped(VALUES[v].s)} by step, and their sum</caption>`;
  return `<div class="scroll"><table class="shares">${caption}
    <thead><tr><th scope="col">step</th>${head}</tr></thead><tbody>${body}</tbody>
    <tfoot><tr><th scope="row">sum</th>${cells(v)}</tr></tfoot></table></div>`;
}

function htmlNumber(v, k) {
  return `<span data-n="${v}:${k}" class="number">${pretty(printed(v, k))}</span>`;
}

// A short sheet is written at once, a long one while nothing else is to be done.
function fillGradually(after) {
  const open = all(board, ".line");
  /** @type {(work: (deadline: { timeRemaining: () => number }) => void) => void} */
  const wait = window.requestIdleCallback || ((work) => setTimeout(() => work({ timeRemaining: () => 8 }), 1));
  const go = (deadline) => {
    while (open.length && deadline.timeRemaining() > 1) fill(open.shift(), false);
    if (open.length) wait(go);
    else after();
  };
  go({ timeRemaining: () => (open.length <= AT_ONCE ? 2 : 0) });
}

function fillAll(rows) {
  for (const item of all(board, ".line")) fill(item, rows && NUMBERS <= ROWS_LIMIT);
}
