// Numbers linked: to point at one, or to focus it, lights up everywhere it stands (solid box) and what it was made
// from (dashed box), and writes down how it was made. A click or Enter keeps it; Escape lets it go.

const about = document.getElementById("about");
const ABOUT_EMPTY = about.innerHTML;
let pinned = null;

const numberAt = (node) => (node && node.closest ? node.closest("[data-n]") : null);
const everywhere = (key) => all(document, `[data-n="${key}"]`);

function light(key) {
  dim();
  if (!key) {
    about.innerHTML = ABOUT_EMPTY;
    return;
  }
  const [v, k] = key.split(":").map(Number);
  const from = new Set(
    entry(v, k)
      .filter((token) => token.v !== undefined)
      .map((token) => `${token.v}:${token.k}`),
  );
  about.innerHTML = aboutNumber(v, k);
  for (const node of everywhere(key)) node.classList.add("same");
  for (const source of from) for (const node of everywhere(source)) node.classList.add("from");
}

function dim() {
  for (const node of all(document, ".same, .from")) node.classList.remove("same", "from");
}

function isHidden(v) {
  const step = STEP_OF.get(v);
  return step !== undefined && step > now;
}

function aboutNumber(v, k) {
  const value = VALUES[v];
  const named = math(nameMath(v, undefined), nameText(v));
  const label = `<p class="which">${named}<span class="place">${place(v, k)}</span>`;
  if (isHidden(v) || (hiding && value.x !== undefined)) return `${label} is yet to be worked out.</p>`;
  const full = `<span class="full">${pretty(String(value.v[k]))}</span>`;
  const head = `${label} = <strong>${pretty(value.d[k])}</strong> ${full}</p>`;
  const way =
    value.x === undefined ? "<p>given</p>" : `<p>${formula(v)}</p><p class="numbers">= ${substituted(v, k)}</p>`;
  const users = VALUES.flatMap((user, u) => (STEP_OF.has(u) && leaves(user.x).includes(v) ? [u] : []));
  const list = users.slice(0, 8).map((u) => `<a href="#step=${encodeURI(VALUES[u].i)}">${escaped(VALUES[u].i)}</a>`);
  const more = users.length > 8 ? ` and ${users.length - 8} more` : "";
  return head + way + (users.length ? `<p>used by ${list.join(", ")}${more}</p>` : "");
}

function spoken(v, k) {
  const value = VALUES[v];
  const entryName = place(v, k)
    ? `, entry ${unflat(value.h, k)
        .map((i) => i + 1)
        .join(", ")}`
    : "";
  const made =
    value.x === undefined
      ? "given"
      : `made from ${[...new Set(leaves(value.x))]
          .slice(0, 4)
          .map((u) => VALUES[u].s)
          .join(", ")}`;
  return `${nameText(v)}${entryName}: ${pretty(printed(v, k))}; ${made}`;
}

// One Tab stop for a group of numbers, arrows inside it: only the number that can be reached carries a name and a role.
function arm(node) {
  const root = node.closest(".armed");
  for (const old of all(root, "[data-n][tabindex]")) disarm(old);
  const [v, k] = node.dataset.n.split(":").map(Number);
  node.setAttribute("role", "button");
  node.setAttribute("aria-label", spoken(v, k));
  node.setAttribute("aria-pressed", String(node.dataset.n === pinned));
  node.setAttribute("tabindex", "0");
}

function disarm(node) {
  for (const attribute of ["role", "aria-label", "aria-pressed", "tabindex"]) node.removeAttribute(attribute);
}

const reachable = (root) => all(root, "[data-n]").filter((node) => !node.closest(".later"));

function move(node, by) {
  const numbers = reachable(node.closest(".armed"));
  const next = numbers[(numbers.indexOf(node) + by + numbers.length) % numbers.length];
  arm(next);
  next.focus();
}

function pin(key) {
  pinned = pinned === key ? null : key;
  for (const node of all(document, "[data-n][aria-pressed]")) {
    node.setAttribute("aria-pressed", String(node.dataset.n === pinned));
  }
  light(pinned || key);
}

function listenToNumbers() {
  document.addEventListener("pointerover", (event) => {
    const node = numberAt(event.target);
    if (!pinned && node) light(node.dataset.n);
  });
  document.addEventListener("pointerout", (event) => {
    if (!pinned && numberAt(event.target) && !numberAt(event.relatedTarget)) dim();
  });
  document.addEventListener("focusin", (event) => {
    const node = numberAt(event.target);
    if (node && !pinned) light(node.dataset.n);
  });
  document.addEventListener("click", (event) => {
    const node = numberAt(event.target);
    if (node) pin(node.dataset.n);
  });
}
