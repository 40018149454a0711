// Drawing the network: fills the sources of Bokeh's figures.

const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"];
const OTHER = "#999999";
const OF_CHANGE = { kept: "#8C8C8C", lost: "#D55E00", gained: "#009E73" };
const models = {}; // by name
const views = {}; // of the roots, by place
let shown = []; // edges of each network
let nodesShown = [];
let degrees = []; // the number of neighbours of each node, by the edges that are shown

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
      x0: edges.map((e) => page.x[page.a[e]]), y0: edges.map((e) => page.y[page.a[e]]),
      x1: edges.map((e) => page.x[page.b[e]]), y1: edges.map((e) => page.y[page.b[e]]),
      width: edges.map(width), line: edges.map(colour),
      dash: edges.map((e) => (of.contested.has(e) ? "dashed" : "solid")),
    });
    const few = edges.length <= MANY ? [] : [...edges].sort((p, q) => width(q) - width(p)).slice(0, MANY);
    const colours = [...new Set(few.map(colour))];
    const path = (at) => colours.map((c) =>
      few.filter((e) => colour(e) === c).flatMap((e) => [at[page.a[e]], at[page.b[e]], NaN]));
    fill(`paths${k}`, { xs: path(page.x), ys: path(page.y), line: colours });
    const marks = edges.flatMap((e) => [[page.b[e], page.a[e]], [page.a[e], page.b[e]]]
      .map(([from, to], end) => ({ e, from, to, mark: of.ends[e][end] })).filter(({ mark }) => mark));
    const along = marks.some(({ mark }) => mark === CIRCLE) ? 0.75 : 0.6;
    const across = ({ from, to }) => page.x[to] - page.x[from];
    const up = ({ from, to }) => page.y[to] - page.y[from];
    const isCircle = ({ mark }) => mark === CIRCLE;
    fill(`heads${k}`, {
      x: marks.map((m) => page.x[m.from] + along * across(m)),
      y: marks.map((m) => page.y[m.from] + along * up(m)),
      angle: marks.map((m) => Math.atan2(up(m), across(m)) - Math.PI / 2),
      marker: marks.map((m) => (isCircle(m) ? "circle" : "triangle")),
      size: marks.map((m) => (isCircle(m) ? 8 : 7 + width(m.e))),
      fill: marks.map((m) => (isCircle(m) ? (isDark ? "#16191d" : "#ffffff") : colour(m.e))),
      line: marks.map((m) => colour(m.e)),
    });
  });
  drawMarks();
}

const size = (degree, i) => 8 + 1.5 * Math.sqrt(Math.min(60, degree)) + (i === page.target ? 4 : 0);

function drawNodes() {
  const scale = colourScale();
  fill("nodes", {
    i: nodesShown, x: nodesShown.map((i) => page.x[i]), y: nodesShown.map((i) => page.y[i]),
    size: nodesShown.map((i) => size(degrees[i], i)), fill: nodesShown.map(scale.of),
    name: nodesShown.map((i) => page.names[i]),
  });
  const changes = page.of.length === 2 ? Object.entries(OF_CHANGE) : [];
  element("legend").replaceChildren(...[...scale.legend, ...changes].map(([text, colour], n) => {
    const entry = make("span");
    const sign = make("i", "", entry);
    sign.style.background = colour;
    if (n >= scale.legend.length) sign.className = "line";
    entry.append(text);
    return entry;
  }));
}

function draw() {
  shown = shownEdges();
  const union = [...new Set(shown.flat())];
  degrees = neighbours(union).map((near) => near.length);
  const around = state.around < 0 ? null : reached(union, state.around, state.depth);
  nodesShown = page.names.map((_, i) => i)
    .filter((i) => (around ? around.has(i) : !state.isolated || degrees[i]));
  models.nodes.selected.indices = [];
  drawNodes();
  drawEdges();
  drawLabels();
  fillRows();
  const counts = shown.map((edges, k) => {
    const all = page.of[k].ends.filter((ends) => ends).length;
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

async function embed(place) {
  const manager = await Bokeh.embed.embed_item(page.documents[place], place);
  views[place] = manager.roots[0];
  for (const model of views[place].model.document._all_models.values()) {
    if (model.name) models[model.name] = model;
  }
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
