// The stage: which step is shown, and every way to change it: buttons, slider, keys, links, the address.

/** The element with an id, of any kind. @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const slider = $("scrub");
const narration = $("narration");
let now = 0;
let playing = null;

const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const isBack = (step) => VALUES[STEPS[step].v].p === "backward";
const clamp = (step) => Math.max(0, Math.min(STEPS.length - 1, step));

function show(step, { write = true } = {}) {
  const before = STEPS[now].line;
  before.classList.remove("now", "armed");
  before.removeAttribute("aria-current");
  for (const node of all(before, "[data-n][tabindex]")) disarm(node);
  before.querySelector(".address")?.setAttribute("tabindex", "-1");
  now = clamp(step);
  pinned = null;
  light(null);
  all(board, ".line").forEach((item) => item.classList.toggle("later", isHidden(Number(item.dataset.v))));
  const { line: item } = STEPS[now];
  for (const near of STEPS.slice(Math.max(0, now - 20), now + 20)) fill(near.line, false);
  fill(item, true);
  item.classList.add("now", "armed");
  item.setAttribute("aria-current", "step");
  item.querySelector(".address").removeAttribute("tabindex");
  const first = item.querySelector("[data-n]");
  if (first) arm(first);
  paint(now);
  paintFlow();
  tell();
  keepInView(item);
  if (write) writeAddress();
}

function tell() {
  const { v, section } = STEPS[now];
  const value = VALUES[v];
  const numbers = hiding ? "" : ` ${value.g ? "=" : "≈"} ${spokenNumbers(value)}`;
  const time = value.t === undefined ? "" : `, t = ${value.t}`;
  const example = section.example ? `, example ${section.example}` : "";
  const came = value.c ? `, ${value.c}` : "";
  $("where").textContent = `${now + 1} / ${STEPS.length}`;
  const made = `${nameText(v, value.e)}${numbers}${came}`;
  narration.textContent = `${phase(section.kind)}${example}${time}. ${made}: ${reason(value)}.`;
  slider.value = String(now);
  slider.setAttribute("aria-valuetext", `step ${now + 1} of ${STEPS.length}, ${phase(section.kind)}: ${nameText(v)}`);
  $("back").disabled = $("start").disabled = now === 0;
  $("next").disabled = $("end").disabled = now === STEPS.length - 1;
  document.body.dataset.pass = section.kind;
}

const phase = (kind) => ({ forward: "Forward", backward: "Backward", sums: "Sums", update: "Update" })[kind] || kind;

function spokenNumbers(value) {
  const texts = value.d.slice(0, 9).map(pretty).join(", ") + (value.d.length > 9 ? ", …" : "");
  return value.d.length > 1 ? `(${texts})` : texts;
}

function keepInView(item) {
  const top = item.offsetTop - board.clientHeight / 3;
  board.scrollTo({ top: Math.max(0, top), behavior: calm() || playing === null ? "auto" : "smooth" });
}

// ---- the address: #step=1/dh.5, or #step=17 ----

function writeAddress() {
  try {
    history.replaceState(null, "", `#step=${encodeURI(VALUES[STEPS[now].v].i)}`);
  } catch {
    // A page in a notebook's frame has no address of its own.
  }
}

function decoded(text) {
  try {
    return decodeURI(text);
  } catch {
    return ""; // not an address of ours
  }
}

function stepOfAddress() {
  const asked = decoded((/^#step=(.+)$/.exec(location.hash) || [])[1] || "");
  if (/^\d+$/.test(asked)) return clamp(Number(asked) - 1);
  return STEP_OF.get(BY_ID.get(asked));
}

// ---- playing ----

function play(on) {
  if (playing !== null) clearTimeout(playing);
  playing = null;
  if (on && now === STEPS.length - 1) show(0);
  const button = $("play");
  button.setAttribute("aria-pressed", String(on));
  button.querySelector(".word").textContent = on ? "Pause" : "Play";
  if (on) playing = setTimeout(tick, Number($("speed").value));
}

function tick() {
  if (now === STEPS.length - 1) {
    play(false);
    return;
  }
  show(now + 1);
  if (now === STEPS.length - 1) play(false);
  else playing = setTimeout(tick, Number($("speed").value));
}

function go(step) {
  play(false);
  show(step);
}

// The next place where the pass, the example or the step in time changes.
function jump(by) {
  const key = (step) => `${STEPS[step].section.title}:${VALUES[STEPS[step].v].t}`;
  const starts = upTo(STEPS.length).filter((step) => step === 0 || key(step) !== key(step - 1));
  go(
    by > 0 ? (starts.find((step) => step > now) ?? STEPS.length - 1) : (starts.filter((step) => step < now).pop() ?? 0),
  );
}

function toPass(kind) {
  const step = STEPS.findIndex(({ section }) => section.kind === kind);
  if (step >= 0) go(step);
}

// ---- gradient through time ----

function drawFlow() {
  if (!DATA.flow.length) {
    $("flow").hidden = true;
    return;
  }
  $("flow-rows").innerHTML = DATA.flow.map(flowRow).join("");
  $("facts").innerHTML = DATA.facts
    .map(([example, fact]) => `<p class="fact" data-example="${example}">${escaped(fact)}.</p>`)
    .join("");
}

function flowRow([v, text, share]) {
  const { e } = VALUES[v];
  const label = math(row(fence("‖"), nameMath(v, e), fence("‖")), `norm of ${nameText(v, e)}`);
  const [number, wide] = hiding ? [GAP, 0] : [pretty(text), share * 100];
  const gauge = `<td class="gauge"><span style="width:${wide.toFixed(1)}%"></span></td>`;
  const cells = `<th scope="row">${label}</th><td class="norm">${number}</td>${gauge}`;
  return `<tr data-flow="${STEP_OF.get(v)}" data-example="${e ?? 0}">${cells}</tr>`;
}

function paintFlow() {
  for (const item of all(document, "[data-flow]")) {
    item.classList.toggle("later", Number(item.dataset.flow) > now);
    item.classList.toggle("now", Number(item.dataset.flow) === now);
  }
  const example = String(drawn[lastPicture].example ?? 0);
  for (const item of all(document, "[data-example]")) item.classList.toggle("other", item.dataset.example !== example);
}

// ---- keys and buttons ----

const LETTERS = {
  f: () => toPass("forward"),
  b: () => toPass("backward"),
  s: () => toPass("sums"),
  "[": () => jump(-1),
  "]": () => jump(1),
  a: () => whole(),
  k: () => reveal(),
  "?": () => help(true),
};
const KEYS = {
  " ": () => play(playing === null),
  ArrowRight: () => go(now + 1),
  ArrowLeft: () => go(now - 1),
  Home: () => go(0),
  End: () => go(STEPS.length - 1),
};

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || $("help").open) return;
  const { target, key } = event;
  if (key === "Escape") return letGo();
  const number = target.closest && target.closest(".armed [data-n]");
  const inside =
    number &&
    {
      ArrowRight: () => move(number, 1),
      ArrowDown: () => move(number, 1),
      ArrowLeft: () => move(number, -1),
      ArrowUp: () => move(number, -1),
      Enter: () => pin(number.dataset.n),
      " ": () => pin(number.dataset.n),
    }[key];
  const own = { INPUT: true, SELECT: true }[target.tagName] || (key === " " && target.closest("button, a, summary"));
  const scrolls = target.classList.contains("scroll") && key.startsWith("Arrow");
  const act =
    inside ||
    (own || scrolls ? null : KEYS[key]) ||
    (target.tagName !== "SELECT" && $("letters").checked ? LETTERS[key.toLowerCase()] : null);
  if (!act) return;
  event.preventDefault();
  act();
}

function letGo() {
  if (pinned) {
    pin(pinned);
    light(null);
  } else if (playing !== null) play(false);
  else if (numberAt(document.activeElement)) $("play").focus();
}

function whole() {
  const on = !document.body.classList.contains("whole");
  if (on) fillAll(true);
  document.body.classList.toggle("whole", on);
  $("whole").setAttribute("aria-pressed", String(on));
  keepInView(STEPS[now].line);
}

function reveal() {
  if (!DATA.blank) return;
  hiding = !hiding;
  $("reveal").setAttribute("aria-pressed", String(!hiding));
  build();
  show(now);
}

function help(open) {
  if (open) $("help").showModal();
  else $("help").close();
}

function listen() {
  const buttons = {
    start: () => go(0),
    back: () => go(now - 1),
    play: () => play(playing === null),
    next: () => go(now + 1),
    end: () => go(STEPS.length - 1),
    forward: () => toPass("forward"),
    backward: () => toPass("backward"),
    whole,
    reveal,
    keys: () => help(true),
    close: () => help(false),
  };
  for (const [id, act] of Object.entries(buttons)) $(id).addEventListener("click", act);
  slider.addEventListener("input", () => go(Number(slider.value)));
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", () => {
    const step = stepOfAddress();
    if (step !== undefined) {
      play(false);
      show(step, { write: false });
    }
  });
  window.addEventListener("beforeprint", () => fillAll(true));
  listenToNumbers();
}

// The slider's track says which part of the calculation lies where.
function colourTrack() {
  const ways = {
    forward: "var(--forward-soft)",
    backward: "var(--backward-soft)",
    sums: "var(--sum-soft)",
    update: "var(--sum-soft)",
  };
  const last = Math.max(1, STEPS.length - 1);
  const stops = STEPS.map(({ section }, step) => `${ways[section.kind]} ${((step / last) * 100).toFixed(2)}%`);
  slider.style.setProperty("--track", `linear-gradient(to right, ${stops.join(",")})`);
}

function build() {
  layOut();
  drawAll();
  drawFlow();
  document.body.classList.toggle("blank", hiding);
  fillGradually(() => {
    keepInView(STEPS[now].line);
    document.body.dataset.filled = "all";
  });
}

function begin() {
  $("kind").textContent = DATA.kind;
  $("check").textContent = DATA.check;
  $("reveal").hidden = !DATA.blank;
  build();
  slider.max = String(STEPS.length - 1);
  colourTrack();
  for (const kind of ["forward", "backward"]) $(kind).disabled = !STEPS.some(({ section }) => section.kind === kind);
  listen();
  show(stepOfAddress() ?? STEP_OF.get(BY_ID.get(DATA.start)) ?? 0, { write: false });
  document.body.classList.add("ready");
}

begin();
