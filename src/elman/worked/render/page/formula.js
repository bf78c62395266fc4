// Formulas and numbers as MathML. Every number is an element with data-n="value:entry", so that it can be linked;
// every <math> carries its text in `alttext`. A formula comes in pieces, cut at its outermost plus signs, so that it
// wraps on a narrow screen.

const SUM = 1,
  PRODUCT = 2,
  HELD = 3,
  ATOM = 4;
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
const pretty = (text) => text.replace(/-/g, "−");
const mi = (text) => `<mi${text.length === 1 ? "" : ' mathvariant="normal"'}>${escaped(text)}</mi>`;
const mo = (text, more = "") => `<mo${more}>${escaped(text)}</mo>`;
const fence = (text) => mo(text, ' stretchy="false" form="prefix" lspace="0" rspace="0"');
const row = (...parts) => `<mrow>${parts.join("")}</mrow>`;
const math = (inner, text, more = "") => `<math alttext="${escaped(text)}"${more}>${inner}</math>`;

// ---- names ----

function nameMath(v, example) {
  const [gradient, letter, below, above, accent, share] = VALUES[v].n;
  let text = mi(letter);
  if (accent) text = `<mover accent="true">${text}${mo(accent, ' stretchy="false"')}</mover>`;
  const other = VALUES[v].e !== undefined && VALUES[v].e !== example ? `[${VALUES[v].e}]` : "";
  const under = below ? `<mtext>${escaped(below)}</mtext>` : "";
  const over = other + above ? `<mtext>${escaped(other + above)}</mtext>` : "";
  if (under && over) text = `<msubsup>${text}${under}${over}</msubsup>`;
  else if (under) text = `<msub>${text}${under}</msub>`;
  else if (over) text = `<msup>${text}${over}</msup>`;
  if (gradient) text = row('<mi mathvariant="normal">d</mi>', text);
  return share ? `<msub><mrow>${text}${fence("|")}</mrow><mtext>t=${share}</mtext></msub>` : text;
}

function nameText(v, example) {
  const value = VALUES[v];
  return (value.e !== undefined && value.e !== example ? `${value.e}/` : "") + value.s;
}

// ---- formulas: [MathML, level, text] ----

function size(x) {
  if (isLeaf(x)) return VALUES[x].v.length;
  if (x[0] === "norm" || x[0] === "inner") return 1;
  if (x[0] === "zeros") return fixed(x)[0];
  return Math.max(1, ...args(x).map(size));
}

const TEMPLATES = {
  sub: [SUM, [SUM, PRODUCT], (a, b) => [row(a[0], mo("−"), b[0]), `${a[2]} - ${b[2]}`]],
  neg: [PRODUCT, [PRODUCT], (a) => [row(mo("−", ' form="prefix"'), a[0]), `-${a[2]}`]],
  div: [PRODUCT, [SUM, SUM], (a, b) => [`<mfrac>${a[0]}${b[0]}</mfrac>`, `(${a[2]}) / (${b[2]})`]],
  matvec: [PRODUCT, [HELD, HELD], (a, b) => [row(a[0], '<mspace width="0.17em"/>', b[0]), `${a[2]} ${b[2]}`]],
  transpose: [HELD, [ATOM], (a) => [`<msup>${a[0]}${mo("⊤")}</msup>`, `${a[2]} transposed`]],
  outer: [
    PRODUCT,
    [HELD, ATOM],
    (a, b) => [row(a[0], '<mspace width="0.17em"/>', `<msup>${b[0]}${mo("⊤")}</msup>`), `${a[2]} ${b[2]} transposed`],
  ],
  square: [HELD, [ATOM], (a) => [`<msup>${a[0]}<mn>2</mn></msup>`, `${a[2]} squared`]],
  step: [ATOM, [SUM], (a) => [row(fence("["), a[0], mo(">"), "<mn>0</mn>", fence("]")), `[${a[2]} > 0]`]],
  inner: [
    ATOM,
    [PRODUCT, PRODUCT],
    (a, b) => [row(fence("("), a[0], mo("·"), b[0], fence(")")), `(${a[2]} · ${b[2]})`],
  ],
  part: [
    ATOM,
    [ATOM],
    (a, f) => [`<msub>${a[0]}<mtext>[${f[0] + 1}..${f[1]}]</mtext></msub>`, `${a[2]}[${f[0] + 1}..${f[1]}]`],
  ],
  concat: [ATOM, [SUM, SUM], (a, b) => [row(fence("["), a[0], mo(";"), b[0], fence("]")), `[${a[2]} ; ${b[2]}]`]],
  sqrt: [ATOM, [SUM], (a) => [`<msqrt>${a[0]}</msqrt>`, `square root of ${a[2]}`]],
  norm: [ATOM, [], () => [row(fence("‖"), "<mtext>all gradients</mtext>", fence("‖")), "norm of all gradients"]],
  at_least: [
    ATOM,
    [SUM],
    (a, f) => [called("max", row(a[0], mo(","), `<mn>${short(f[0])}</mn>`)), `max(${a[2]}, ${short(f[0])})`],
  ],
  clamp: [
    ATOM,
    [SUM],
    (a, f) => [called("clip", row(a[0], mo(","), `<mn>±${short(f[0])}</mn>`)), `clip(${a[2]}, ±${short(f[0])})`],
  ],
  zeros: [ATOM, [], () => ["<mn>0</mn>", "0"]],
  identity: [ATOM, [ATOM], (a) => [a[0], a[2]]],
  sigmoid: [ATOM, [SUM], (a) => [called("σ", a[0]), `sigmoid(${a[2]})`]],
  binary_cross_entropy: [
    HELD,
    [ATOM, ATOM],
    (p, t) => [
      row(
        mo("−", ' form="prefix"'),
        fence("("),
        t[0],
        ln(p[0]),
        mo("+"),
        fence("("),
        "<mn>1</mn>",
        mo("−"),
        t[0],
        fence(")"),
        ln(row("<mn>1</mn>", mo("−"), p[0]), true),
        fence(")"),
      ),
      `-(${t[2]} ln ${p[2]} + (1 - ${t[2]}) ln(1 - ${p[2]}))`,
    ],
  ],
  cross_entropy: [
    HELD,
    [ATOM, ATOM],
    (p, t) => [
      row(mo("−", ' form="prefix"'), mo("∑", ' movablelimits="true"'), t[0], ln(p[0])),
      `-sum of ${t[2]} ln ${p[2]}`,
    ],
  ],
  half_squares: [
    PRODUCT,
    [SUM, PRODUCT],
    (a, b) => [
      row(
        "<mfrac><mn>1</mn><mn>2</mn></mfrac>",
        mo("∑"),
        `<msup>${row(fence("("), a[0], mo("−"), b[0], fence(")"))}<mn>2</mn></msup>`,
      ),
      `half the sum of (${a[2]} - ${b[2]}) squared`,
    ],
  ],
};

function called(word, inner) {
  return row(mi(word), fence("("), inner, fence(")"));
}

function ln(inner, brackets = false) {
  const space = '<mspace width="0.17em"/>';
  return brackets ? called("ln", inner) : row(space, mi("ln"), space, inner);
}

function write(x, example) {
  if (isLeaf(x)) return [nameMath(x, example), ATOM, nameText(x, example)];
  if (x[0] === "const") {
    const text = short(fixed(x)[0]);
    return [`<mn>${pretty(text)}</mn>`, text.startsWith("-") ? PRODUCT : ATOM, text];
  }
  if (x[0] === "add") {
    const pieces = addends(x, example);
    return [row(...pieces.map((p) => p[0])), SUM, pieces.map((p) => p[2]).join(" ")];
  }
  if (x[0] === "mul") {
    const factors = args(x).map((arg) => held(arg, HELD, example));
    const sign = Math.min(...args(x).map(size)) === 1 ? "·" : "∘";
    return [row(factors.map((f) => f[0]).join(mo(sign))), PRODUCT, factors.map((f) => f[2]).join(` ${sign} `)];
  }
  const [level, places, set] = TEMPLATES[x[0]] || [ATOM, [SUM], (a) => [called(x[0], a[0]), `${x[0]}(${a[2]})`]];
  const inner = args(x)
    .slice(0, places.length)
    .map((arg, k) => held(arg, places[k], example));
  const [mathml, text] = set(...inner, fixed(x));
  return [mathml, level, text];
}

function held(x, place, example) {
  const [mathml, level, text] = write(x, example);
  return level < place ? [row(fence("("), mathml, fence(")")), ATOM, `(${text})`] : [mathml, level, text];
}

function addends(x, example) {
  return args(x).map((term, k) => {
    const minus = k > 0 && term[0] === "neg";
    const [mathml, , text] = held(minus ? term[1] : term, k ? PRODUCT : SUM, example);
    if (!k) return [mathml, SUM, text];
    const sign = minus ? "-" : "+";
    return [row(mo(pretty(sign), ' form="infix"'), mathml), SUM, `${sign} ${text}`];
  });
}

// The right-hand side as a run of <math>, one a term.
function formula(v) {
  const { x, e } = VALUES[v];
  const pieces = x[0] === "add" ? addends(x, e) : [write(x, e)];
  return pieces.map(([mathml, , text]) => math(mathml, text)).join(" ");
}

function formulaText(v) {
  return write(VALUES[v].x, VALUES[v].e)[2];
}

// ---- numbers ----

function tokenMath(token) {
  if (token.v !== undefined) return `<mn data-n="${token.v}:${token.k}">${pretty(token.s)}</mn>`;
  return token.s
    .split(/([()])/)
    .filter((piece) => piece)
    .map((piece) => {
      if (piece === "(" || piece === ")") return fence(piece);
      const text = piece.trim();
      if (/^[a-zσ]/.test(text)) return /\s/.test(text) ? `<mtext>${escaped(text)}</mtext>` : mi(text);
      if (/^1 -$/.test(text)) return `<mn>1</mn>${mo("−")}`;
      return /^[\d½]/.test(text) ? `<mn>${text}</mn>` : mo(pretty(text));
    })
    .join("");
}

function substituted(v, k) {
  const tokens = entry(v, k);
  return terms(tokens)
    .map((term, n) => {
      const inner = row(n ? mo("+", ' form="infix"') : "", ...term.map(tokenMath));
      return math(inner, (n ? "+ " : "") + textOf(term), isZero(term) ? ' class="zero" title="adds nothing"' : "");
    })
    .join(" ");
}

function numberMath(v, k) {
  return `<mn data-n="${v}:${k}">${pretty(printed(v, k))}</mn>`;
}

const MARK = '<mo class="mark" lspace="0" rspace="0">*</mo>';

function result(v) {
  const { h, m = [] } = VALUES[v];
  const d = VALUES[v].d.map((_, k) => printed(v, k));
  const cell = (k) => numberMath(v, k) + (m.includes(k) ? MARK : "");
  if (d.length === 1) return math(row(cell(0)), d[0]);
  if (h.length === 1 && h[0] > 4) {
    const last = (k) => (k === d.length - 1 ? fence(")") : mo(","));
    return d.map((text, k) => math(row(k ? "" : fence("("), cell(k), last(k)), text)).join(" ");
  }
  const [rows, wide] = h.length === 2 ? h : [h[0], 1];
  const body = upTo(rows).map(
    (i) =>
      `<mtr>${upTo(wide)
        .map((j) => `<mtd>${cell(i * wide + j)}</mtd>`)
        .join("")}</mtr>`,
  );
  const text = upTo(rows)
    .map((i) => d.slice(i * wide, i * wide + wide).join(" "))
    .join("; ");
  return math(
    row(mo("[", ' stretchy="true"'), `<mtable>${body.join("")}</mtable>`, mo("]", ' stretchy="true"')),
    `[${text}]`,
  );
}

const place = (v, k) =>
  VALUES[v].v.length > 1
    ? `[${unflat(VALUES[v].h, k)
        .map((i) => i + 1)
        .join(",")}]`
    : "";
