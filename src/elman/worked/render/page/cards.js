// Cards: the values of one step and, under them, their gradients, as SVG. Takes columns of `planned` (picture.js).

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
  return symbols
    .map((symbol, k) => {
      const value = find(plan.example, symbol, cell.layer, cell.reverse, t);
      const gradient = find(plan.example, symbol, cell.layer, cell.reverse, t, true);
      const at = x + k * step;
      return (
        (value === undefined ? "" : stack(value, at, y, step, rows, GATES.has(symbol) && DATA.cell !== "rnn")) +
        (gradient === undefined ? "" : stack(gradient, at, below, step, rows, false))
      );
    })
    .join("");
}

// A name and its numbers, one below the other.
function stack(v, x, y, width, rows, bars) {
  const value = VALUES[v];
  const step = STEP_OF.has(v) ? ` data-step="${STEP_OF.get(v)}"` : "";
  const shown = value.v.length > rows ? rows - 1 : value.v.length;
  const right = x + width - 7;
  const lines = upTo(shown).map((k) => {
    const top = y + HEAD + k * ROW;
    const bar = bars
      ? barAt("track", x + 4, top, `${width - 8}`) + barAt("fill", x + 4, top, ((width - 8) * value.v[k]).toFixed(1))
      : "";
    return bar + `<text class="number" data-n="${v}:${k}" x="${right}" y="${top + 13}">${pretty(printed(v, k))}</text>`;
  });
  if (shown < value.v.length)
    lines.push(`<text class="more" x="${right}" y="${y + HEAD + shown * ROW + 12}">+${value.v.length - shown}</text>`);
  const symbol = `<text class="symbol" x="${right}" y="${y + 14}">${svgName(v)}</text>`;
  return `<g class="stack ${value.p}">${slot(v, x + 1, y, width - 2, HEAD + ROW * rows)}
    <g class="named"${step}>${symbol}<g class="digits">${lines.join("")}</g></g></g>`;
}

function barAt(kind, x, top, width) {
  return `<rect class="${kind}" x="${x}" y="${top + 1.5}" width="${width}" height="${ROW - 3}" rx="2"/>`;
}

function slot(v, x, y, width, height) {
  return `<rect class="slot" data-slot="${v}" x="${x}" y="${y}" width="${width}" height="${height}" rx="5"/>`;
}

function svgName(v) {
  const [gradient, letter, below, above, accent] = VALUES[v].n;
  const mark = { "^": "\u0302", "~": "\u0303" }[accent] || "";
  const against = accent === "←" ? '<tspan class="script">←</tspan>' : "";
  const up = above ? `<tspan class="script" dy="-4">${escaped(above)}</tspan>` : "";
  const down = below ? `<tspan class="script" dy="${above ? 8 : 4}">${escaped(below)}</tspan>` : "";
  const back = above || below ? `<tspan dy="${below ? -4 : 4}">\u200b</tspan>` : "";
  const d = gradient ? '<tspan class="d">d</tspan>' : "";
  const base = `<tspan class="${letter.length > 1 ? "word" : "letter"}">${escaped(letter)}${mark}</tspan>`;
  return d + against + base + up + down + back;
}

function startCard({ t, x }, cell, plan) {
  const states = DATA.states
    .map((symbol) => find(plan.example, symbol, cell.layer, cell.reverse, t))
    .filter((v) => v !== undefined);
  return states
    .map((v) => {
      const gradient = BY_ID.get(VALUES[v].i.replace(/^(\d+\/)?/, "$1d"));
      const high = plan.block(plan.rows) * (gradient === undefined ? 1 : 2) + 8;
      const y = stateY(VALUES[v].i, cell, plan) - high / 2;
      return (
        box(x, y, plan.startWidth, high, `start:${v}`, "start") +
        stack(v, x + PAD, y + 2, COLUMN, plan.rows, false) +
        (gradient === undefined
          ? ""
          : stack(gradient, x + PAD, y + 2 + plan.block(plan.rows), COLUMN, plan.rows, false))
      );
    })
    .join("");
}

function inputCard({ t, x }, plan) {
  const value = find(plan.example, "x", 1, 0, t);
  if (value === undefined) return "";
  const gradient = find(plan.example, "x", 1, 0, t, true);
  const width = COLUMN * (plan.back ? 2 : 1) + 2 * PAD;
  const left = x + (plan.cellWidth - width) / 2;
  const high = HEAD + ROW * plan.inputRows + 2 * PAD;
  const place = `x="${x + plan.cellWidth / 2}" y="${plan.inputY + high + 18}"`;
  const word = plan.words ? `<text class="word-below" ${place}>“${escaped(plan.words[t - 1])}”</text>` : "";
  return (
    box(left, plan.inputY, width, high, `x:${t}`, "input") +
    stack(value, left + PAD, plan.inputY + PAD, COLUMN, plan.inputRows, false) +
    (gradient === undefined
      ? ""
      : stack(gradient, left + PAD + COLUMN, plan.inputY + PAD, COLUMN, plan.inputRows, false)) +
    word
  );
}

function lossLine(loss, left, line, width) {
  const symbol = `<text class="symbol start" x="${left + 6}" y="${line}">${svgName(loss)} =</text>`;
  const number = `<text class="number" data-n="${loss}:0" x="${left + width - 7}" y="${line}">`;
  const digits = `<g class="digits">${number}${pretty(printed(loss, 0))}</text></g>`;
  const named = `<g class="named"${dataStep(STEP_OF.get(loss))}>${symbol}${digits}</g>`;
  return `<g class="stack forward">${slot(loss, left, line - 14, width, 19)}${named}</g>`;
}

function output({ t, x }, plan) {
  const { outputs, outputY, example, cellWidth } = plan;
  if (find(example, "p", 1, 0, t) === undefined) return "";
  const left = x + (cellWidth - outputs.width) / 2;
  const loss = find(example, "loss", 1, 0, t);
  const line = outputY + outputs.height - PAD - 3;
  const label = loss === undefined ? "" : lossLine(loss, left + PAD, line, outputs.width - 2 * PAD);
  return (
    box(left, outputY, outputs.width, outputs.height, `out:${t}`, "output") +
    table(
      outputs.symbols,
      plan,
      { layer: 1, reverse: 0 },
      t,
      left + PAD,
      outputY + PAD,
      outputs.rows,
      outputs.width - 2 * PAD,
    ) +
    label
  );
}
