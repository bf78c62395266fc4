// One entry of a value with its numbers put in, as tokens: what `scalars.py` writes, from the same expressions.
// A token is {s: text} or, for a number, {s, v: value, k: flat entry}.

/** @type {Data} */
const DATA = JSON.parse(document.getElementById("trace").textContent);
/** @type {Value[]} */
const VALUES = DATA.values;
const BY_ID = new Map(VALUES.map((value, k) => [value.i, k]));

/** Elements below a root. @type {(root: ParentNode, selector: string) => HTMLElement[]} */
const all = (root, selector) => [...root.querySelectorAll(/** @type {keyof HTMLElementTagNameMap} */ (selector))];

let hiding = DATA.blank; // a blank sheet has gaps where a number is to be found

const GAP = "_____";
const printed = (v, k) => (hiding && VALUES[v].x !== undefined ? GAP : VALUES[v].d[k]);

const isLeaf = (x) => typeof x === "number";
const isFixed = (x) => typeof x === "object" && !Array.isArray(x);
const args = (x) => x.slice(1).filter((arg) => !isFixed(arg));
const fixed = (x) => (x.find(isFixed) || { f: [] }).f;
const leaves = (x) => (isLeaf(x) ? [x] : args(x).flatMap(leaves));
const short = (number) => String(Number(number.toPrecision(6)));

const signed = (text) => (text.startsWith("-") ? `(${text})` : text);
const joined = (parts, sign) => parts.flatMap((part, k) => (k ? [{ s: sign }, ...part] : part));
const count = (x) => VALUES[args(x)[0]].v.length;

function flat(shape, index) {
  return shape.reduce((place, size, axis) => place * size + index[axis], 0);
}

function unflat(shape, k) {
  const index = [];
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    index[axis] = k % shape[axis];
    k = Math.floor(k / shape[axis]);
  }
  return index;
}

function entry(v, k) {
  const value = VALUES[v];
  return value.x === undefined ? [] : expand(value.x, unflat(value.h, k));
}

function expand(x, index) {
  if (isLeaf(x)) return [leaf(x, index)];
  if (x[0] === "const") return [{ s: signed(short(fixed(x)[0])) }];
  return (WRITERS[x[0]] || named)(x, index);
}

function leaf(v, index) {
  const value = VALUES[v];
  const k = value.h.length ? flat(value.h, index.slice(index.length - value.h.length)) : 0;
  return { s: signed(printed(v, k)), v, k };
}

function group(x, index) {
  const tokens = expand(x, index);
  return tokens.length === 1 ? tokens : [{ s: "(" }, ...tokens, { s: ")" }];
}

// A single number inside a function's brackets needs none of its own.
function bare(tokens) {
  return tokens.length === 1 && tokens[0].v !== undefined
    ? [{ ...tokens[0], s: tokens[0].s.replace(/^\(|\)$/g, "") }]
    : tokens;
}

function named(x, index) {
  const name = { sigmoid: "σ", sqrt: "√" }[x[0]] || x[0];
  return [{ s: `${name}(` }, ...bare(expand(args(x)[0], index)), { s: ")" }];
}

function columns(matrix) {
  return matrix[0] === "transpose" ? VALUES[matrix[1]].h[0] : VALUES[matrix].h[1];
}

function oneLabel(x, k) {
  const [p, label] = args(x);
  const [shown, target] = [expand(p, [k]), VALUES[label].v[k]];
  const yes = [{ s: "ln(" }, ...shown, { s: ")" }];
  const no = [{ s: "ln(1 - " }, ...shown, { s: ")" }];
  if (target === 0 || target === 1) return [{ s: "-" }, ...(target ? yes : no)];
  const t = expand(label, [k]);
  return [{ s: "-(" }, ...t, { s: "·" }, ...yes, { s: " + (1 - " }, ...t, { s: ")·" }, ...no, { s: ")" }];
}

const TIGHT = new Set(["mul", "square", "tanh", "sigmoid", "relu", "step"]);
const each = (x, write, sign) => joined(args(x).map(write), sign);
const upTo = (n) => Array.from({ length: n }, (_, k) => k);

const WRITERS = {
  add: (x, i) => each(x, (arg) => expand(arg, i), " + "),
  sub: (x, i) => {
    const [left, right] = args(x);
    const loose = right[0] === "add" || right[0] === "sub";
    return joined([expand(left, i), loose ? group(right, i) : expand(right, i)], " - ");
  },
  neg: (x, i) => [{ s: "-" }, ...group(x[1], i)],
  mul: (x, i) => each(x, (arg) => (TIGHT.has(arg[0]) ? expand(arg, i) : group(arg, i)), "·"),
  div: (x, i) => each(x, (arg) => group(arg, i), " / "),
  matvec: (x, i) => {
    const [matrix, vector] = args(x);
    const term = (j) => [...expand(matrix, [...i, j]), { s: "·" }, ...group(vector, [j])];
    return joined(upTo(columns(matrix)).map(term), " + ");
  },
  transpose: (x, i) => expand(x[1], [...i].reverse()),
  outer: (x, i) => joined([group(x[1], i.slice(0, 1)), group(x[2], i.slice(1))], "·"),
  square: (x, i) => {
    const bracketed = x[1][0] === "tanh" || x[1][0] === "sigmoid";
    return [...(bracketed ? expand(x[1], i) : group(x[1], i)), { s: "²" }];
  },
  softmax: (x, i) => {
    const powers = upTo(count(x)).map((k) => [{ s: "exp(" }, ...bare(expand(x[1], [k])), { s: ")" }]);
    return [...powers[i[0]], { s: " / (" }, ...joined(powers, " + "), { s: ")" }];
  },
  identity: (x, i) => expand(x[1], i),
  cut: (x, i) => expand(x[1], i),
  step: (x, i) => [{ s: "[" }, ...expand(x[1], i), { s: " > 0]" }],
  part: (x, i) => expand(x[1], [i[0] + fixed(x)[0]]),
  concat: (x, i) => (i[0] < fixed(x)[0] ? expand(x[1], i) : expand(x[2], [i[0] - fixed(x)[0]])),
  inner: (x) => {
    const size = Math.max(...leaves(x).map((v) => VALUES[v].v.length));
    return joined(
      upTo(size).map((k) =>
        joined(
          args(x).map((arg) => group(arg, [k])),
          "·",
        ),
      ),
      " + ",
    );
  },
  binary_cross_entropy: (x) =>
    joined(
      upTo(count(x)).map((k) => oneLabel(x, k)),
      " + ",
    ),
  cross_entropy: (x) => {
    const [p, label] = args(x);
    const kept = upTo(count(x)).filter((k) => VALUES[label].v[k]);
    const logs = kept.map((k) => [{ s: "ln(" }, ...expand(p, [k]), { s: ")" }]);
    if (kept.length === 1) return [{ s: "-" }, ...logs[0]];
    const terms = kept.map((k, n) => [...expand(label, [k]), { s: "·" }, ...logs[n]]);
    return [{ s: "-(" }, ...joined(terms, " + "), { s: ")" }];
  },
  half_squares: (x) => {
    const pair = (k) =>
      joined(
        args(x).map((arg) => expand(arg, [k])),
        " - ",
      );
    const squares = upTo(count(x)).map((k) => [{ s: "(" }, ...pair(k), { s: ")²" }]);
    const inner = squares.length === 1 ? squares[0] : [{ s: "(" }, ...joined(squares, " + "), { s: ")" }];
    return [{ s: "½·" }, ...inner];
  },
  zeros: () => [{ s: "0" }],
  norm: () => [{ s: "√(the sum of all squares)" }],
  at_least: (x, i) => [{ s: "max(" }, ...expand(x[1], i), { s: `, ${short(fixed(x)[0])})` }],
  clamp: (x, i) => [{ s: "clip(" }, ...expand(x[1], i), { s: `, ±${short(fixed(x)[0])})` }],
};

// The sum cut at its outermost plus signs, so that a long line can wrap between them.
function terms(tokens) {
  const found = [[]];
  let depth = 0;
  for (const token of tokens) {
    const inside = token.v === undefined ? token.s : "";
    depth += inside.split("(").length - inside.split(")").length;
    if (depth === 0 && token.s === " + ") found.push([]);
    else found[found.length - 1].push(token);
  }
  return found;
}

// A product with a factor that is exactly 0 adds nothing: it is greyed, not dropped.
function isZero(term) {
  const product = term.every((token) => token.v !== undefined || token.s === "·");
  return product && term.length > 1 && term.some((token) => token.v !== undefined && VALUES[token.v].v[token.k] === 0);
}

const textOf = (tokens) => tokens.map((token) => token.s).join("");
