// Drawing the network: fills the sources of Bokeh's figures, and answers clicks, zooms and moves.

const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"];
const OTHER = "#999999";
const OF_CHANGE = { kept: "#8C8C8C", lost: "#D55E00", gained: "#009E73" };
const models = {}; // by name
const views = {}; // of the roots, by place
let shown = []; // edges of each network
let nodesShown = [];
let unitBefore = 1; // units of the layout to a pixel
let clicked = -1; // the node that was clicked last

function fill(name, data) {
  models[name].data = data;
}

function colourScale() {
  const values = page.colours[state.colour];
  if (!values) return { of: (i) => (i === page.target ? COLOURS[5] : COLOURS[0]), legend: [] };
  if (values.some((v) => typeof v === "number")) {
    const known = values.filter((v) => v !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const at = (t) => `rgb(${Math.round(0 + 253 * t)}, ${Math.round(34 + 197 * t)}, ${Math.round(78 - 41 * t * t)})`;
    return {
      of: (i) => (values[i] === null ? OTHER : at(high > low ? (values[i] - low) / (high - low) : 0.5)),
      legend: [low, (low + high) / 2, high].map((v, n) => [digits(v), at(n / 2)]),
    };
  }
  const count = new Map();
  for (const v of values) if (v !== null) count.set(v, (count.get(v) ?? 0) + 1);
  const common = [...count.keys()].sort((p, q) => count.get(q) - count.get(p)).slice(0, COLOURS.length);
  const of = new Map(common.map((v, n) => [v, COLOURS[n]]));
  const legend = [...of];
  if (values.some((v) => !of.has(v))) legend.push(["others", OTHER]);
  return { of: (i) => of.get(values[i]) ?? OTHER, legend };
}

function inNumbers(e, k) {
  return page.numbers.map((name) => [name, page.of[k].numbers[name]?.[e]])
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name} ${digits(value)}`).join(", ");
}

function arrow(e, k) {
  const [x, y] = [page.names[page.a[e]], page.names[page.b[e]]];
  const head = page.of[k].head[e];
  return head < 0 ? [x, "—", y] : head === page.b[e] ? [x, "→", y] : [y, "→", x];
}

// The number that ranks edges, or none.
function strengthOf(k) {
  const { mi, weight, support } = page.of[k].numbers;
  return mi ?? weight ?? support ?? [];
}

function drawEdges() {
  page.of.forEach((of, k) => {
    const edges = shown[k];
    const strength = strengthOf(k);
    const most = Math.max(1e-12, ...strength.filter((v) => v !== null));
    const width = (e) => 0.8 + 3.7 * Math.max(0, strength[e] ?? 0) / most;
    const colour = (e) => (page.of.length === 2 ? OF_CHANGE[change(e)] : "#8C8C8C");
    fill(`edges${k}`, {
      e: edges,
      x0: edges.map((e) => page.x[page.a[e]]), y0: edges.map((e) => page.y[page.a[e]]),
      x1: edges.map((e) => page.x[page.b[e]]), y1: edges.map((e) => page.y[page.b[e]]),
      width: edges.map(width), line: edges.map(colour),
      dash: edges.map((e) => (of.kind[e] === 2 ? "dashed" : "solid")),
      alpha: edges.map(() => 0.75),
      about: edges.map((e) => `${arrow(e, k).join(" ")}: ${inNumbers(e, k)}`),
    });
    const headed = edges.filter((e) => of.head[e] >= 0);
    const tip = headed.map((e) => {
      const to = of.head[e];
      const from = to === page.a[e] ? page.b[e] : page.a[e];
      const [dx, dy] = [page.x[to] - page.x[from], page.y[to] - page.y[from]];
      return [page.x[from] + 0.6 * dx, page.y[from] + 0.6 * dy, Math.atan2(dy, dx) - Math.PI / 2];
    });
    fill(`heads${k}`, {
      x: tip.map((t) => t[0]), y: tip.map((t) => t[1]), angle: tip.map((t) => t[2]),
      size: headed.map((e) => 7 + width(e)), fill: headed.map(colour),
    });
  });
  drawMarks();
}

const size = (degree, i) => 8 + 1.5 * Math.sqrt(Math.min(60, degree)) + (i === page.target ? 4 : 0);

function draw() {
  shown = shownEdges();
  const union = [...new Set(shown.flat())];
  const near = neighbours(union);
  const scale = colourScale();
  const around = state.around < 0 ? null : reached(union, state.around, state.depth);
  nodesShown = page.names.map((_, i) => i)
    .filter((i) => (around ? around.has(i) : !state.isolated || near[i].length));
  models.nodes.selected.indices = [];
  fill("nodes", {
    i: nodesShown, x: nodesShown.map((i) => page.x[i]), y: nodesShown.map((i) => page.y[i]),
    size: nodesShown.map((i) => size(near[i].length, i)), fill: nodesShown.map(scale.of),
    name: nodesShown.map((i) => page.names[i]),
    about: nodesShown.map((i) => Object.entries(page.colours).map(([name, of]) => [name, of[i]])
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${typeof value === "number" ? digits(value) : value}`)
      .concat(`${near[i].length} neighbours`).join(", ")),
  });
  drawEdges();
  drawLabels();
  fillRows();
  element("legend").replaceChildren(...scale.legend.map(([text, colour]) => {
    const entry = make("span");
    make("i", "", entry).style.background = colour;
    entry.append(text);
    return entry;
  }));
  const counts = shown.map((edges, k) => {
    const all = page.of[k].kind.filter((kind) => kind !== null).length;
    const of = page.networks.length ? `${page.networks[k]}: ` : "";
    return `${of}${edges.length.toLocaleString("en")} of ${all.toLocaleString("en")} edges`;
  });
  element("counts").textContent = `${nodesShown.length.toLocaleString("en")} variables, ${counts.join("; ")}`;
  keepState();
}

// What is asked about: its nodes in a ring, its separating set in another, its edge or path wide.
function drawMarks() {
  const rings = new Map();
  const ways = [];
  if (state.asked) {
    for (const z of setOf(...state.asked)) rings.set(z, "#CC79A7");
    for (const v of state.asked) rings.set(v, "#E69F00");
    ways.push(state.asked);
  }
  if (clicked >= 0) rings.set(clicked, "#E69F00");
  const path = state.path && shortestPath([...new Set(shown.flat())], ...state.path);
  if (path) {
    for (const v of path) rings.set(v, "#E69F00");
    for (let n = 1; n < path.length; n++) ways.push([path[n - 1], path[n]]);
  }
  const marked = [...rings.keys()];
  fill("marked", {
    x: marked.map((i) => page.x[i]), y: marked.map((i) => page.y[i]),
    size: marked.map(() => 24), line: [...rings.values()],
  });
  page.of.forEach((_, k) => {
    const own = ways.filter(([x, y]) => shown[k].includes(edgeBetween(x, y)));
    fill(`strong${k}`, {
      x0: own.map(([x]) => page.x[x]), y0: own.map(([x]) => page.y[x]),
      x1: own.map(([, y]) => page.x[y]), y1: own.map(([, y]) => page.y[y]),
    });
  });
}

// Shows all nodes, with a unit as long across as up.
function fit() {
  const figure = models.figure0;
  const [left, right, low, high] = [
    Math.min(...page.x), Math.max(...page.x), Math.min(...page.y), Math.max(...page.y),
  ];
  const unit = Math.max((right - left + 60) / figure.inner_width, (high - low + 60) / figure.inner_height);
  look((left + right) / 2, (low + high) / 2, unit);
}

// Puts a place in the middle, with so many units of the layout to a pixel.
function look(x, y, unit) {
  const figure = models.figure0;
  for (const [range, at, pixels] of [
    [figure.x_range, x, figure.inner_width], [figure.y_range, y, figure.inner_height],
  ]) {
    const half = (unit * pixels) / 2;
    range.setv({ start: at - half, end: at + half, reset_start: at - half, reset_end: at + half });
  }
}

// Keeps the middle and the scale when the page has changed its size.
function resized() {
  const { x_range: across, y_range: up } = models.figure0;
  look((across.start + across.end) / 2, (up.start + up.end) / 2, unitBefore);
}

// Pixels for one unit of the layout.
function scaleOf(figure) {
  return figure.inner_width / (figure.x_range.end - figure.x_range.start);
}

// The labels that have room at this zoom: the target's first, then those of hubs.
function drawLabels() {
  const figure = models.figure0;
  const scale = scaleOf(figure);
  if (!Number.isFinite(scale) || scale <= 0) return;
  const [left, right] = [figure.x_range.start, figure.x_range.end];
  const [low, high] = [figure.y_range.start, figure.y_range.end];
  const { i: nodes, size: sizes } = models.nodes.data;
  const order = nodes.map((_, n) => n).sort((p, q) =>
    (nodes[q] === page.target) - (nodes[p] === page.target) || sizes[q] - sizes[p] || p - q);
  const taken = new Set();
  const free = [];
  for (const n of order) {
    const i = nodes[n];
    if (page.x[i] < left || page.x[i] > right || page.y[i] < low || page.y[i] > high) continue;
    const half = Math.min(3.4 * page.names[i].length + 3, 90);
    const [x, y] = [page.x[i] * scale, page.y[i] * scale];
    const cells = [];
    for (let c = Math.floor((x - half) / 8); c <= Math.floor((x + half) / 8); c++) {
      for (let r = Math.floor(y / 8); r <= Math.floor((y + 18) / 8); r++) cells.push(`${c},${r}`);
    }
    if (cells.some((c) => taken.has(c))) continue;
    for (const c of cells) taken.add(c);
    free.push(i);
  }
  fill("labels", {
    x: free.map((i) => page.x[i]), y: free.map((i) => page.y[i]),
    text: free.map((i) => (page.names[i].length > 28 ? `${page.names[i].slice(0, 27)}…` : page.names[i])),
  });
}

// What lies under a click: a node, or else an edge.
function under(figure, k, x, y) {
  const scale = scaleOf(figure);
  let best = { away: 12 / scale };
  for (const i of nodesShown) {
    const away = Math.hypot(page.x[i] - x, page.y[i] - y);
    if (away < best.away) best = { away, node: i };
  }
  if (best.node !== undefined) return best;
  best = { away: 7 / scale };
  for (const e of shown[k]) {
    const [x0, y0] = [page.x[page.a[e]], page.y[page.a[e]]];
    const [dx, dy] = [page.x[page.b[e]] - x0, page.y[page.b[e]] - y0];
    const t = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1)));
    const away = Math.hypot(x0 + t * dx - x, y0 + t * dy - y);
    if (away < best.away) best = { away, edge: e };
  }
  return best;
}

function click(figure, k, x, y) {
  const hit = under(figure, k, x, y);
  if (hit.node !== undefined) {
    const before = clicked;
    clicked = hit.node;
    if (before >= 0 && before !== clicked) ask(before, clicked);
    else tell(clicked);
  } else if (hit.edge !== undefined) {
    clicked = -1;
    ask(page.a[hit.edge], page.b[hit.edge]);
  } else {
    clicked = -1;
    state.asked = null;
    drawMarks();
  }
}

// Nodes were moved: the edges follow.
function moved() {
  const { i, x, y } = models.nodes.data;
  if (i.length !== nodesShown.length) return draw(); // a tool has deleted some
  i.forEach((node, n) => {
    page.x[node] = x[n];
    page.y[node] = y[n];
  });
  drawEdges();
}

// At most once a frame.
function eased(run) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      run();
    });
  };
}

async function embed() {
  for (const place of ["network", "table", "pair"]) {
    const manager = await Bokeh.embed.embed_item(page.documents[place], place);
    views[place] = manager.roots[0];
    for (const model of views[place].model.document._all_models.values()) {
      if (model.name) models[model.name] = model;
    }
  }
  page.of.forEach((_, k) => {
    const figure = models[`figure${k}`];
    // A quick second click, elsewhere, comes as the second of two.
    for (const event of ["tap", "doubletap"]) figure.on_event(event, ({ x, y }) => click(figure, k, x, y));
    figure.document.event_manager.subscribed_models.add(figure);
  });
  const ranges = models.figure0;
  fit();
  for (const size of ["inner_width", "inner_height"]) {
    ranges.properties[size].change.connect(eased(resized));
  }
  let timer;
  for (const range of [ranges.x_range, ranges.y_range]) {
    range.change.connect(() => {
      clearTimeout(timer);
      if (ranges.inner_height) unitBefore = (ranges.y_range.end - ranges.y_range.start) / ranges.inner_height;
      timer = setTimeout(drawLabels, 60);
    });
  }
  const follow = eased(moved);
  models.nodes.change.connect(() => {
    if (models.nodes.data.i === nodesShown) follow();
  });
  models.nodes.selected.properties.indices.change.connect(fillRows);
}

function paint(dark) {
  isDark = dark;
  document.documentElement.classList.toggle("dark", dark);
  element("theme").textContent = dark ? "Light" : "Dark";
  const ink = dark ? "#EAEAEA" : "#222222";
  for (const [name, model] of Object.entries(models)) {
    if (name.startsWith("names")) model.glyph.text_color = { value: ink };
    if (name === "across" || name === "up") {
      Object.assign(model, { axis_label_text_color: ink, major_label_text_color: ink });
    }
  }
}
