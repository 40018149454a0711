// The view: what part of the layout is on the screen, by pointer and by keys, and which labels have room.

const MANY = 2000; // edges at most that are drawn as they are while the view moves
let unitBefore = 1; // units of the layout to a pixel
let isMoving = false;
let isDragged = false; // by the pointer, which may rest
let timer;

// Shows all nodes, with a unit as long across as up.
function fit() {
  const figure = models.figure0;
  const [left, right, low, high] = [
    Math.min(...page.x), Math.max(...page.x), Math.min(...page.y), Math.max(...page.y),
  ];
  const rooms = [(right - left) / (figure.inner_width - 90), (high - low) / (figure.inner_height - 60)];
  const unit = Math.max(0.1, ...rooms.filter((room) => room > 0));
  look((left + right) / 2, (low + high) / 2, unit);
}

// Puts a place in the middle, with so many units of the layout to a pixel.
function look(x, y, unit) {
  const figure = models.figure0;
  unitBefore = unit;
  for (const [range, at, pixels] of [
    [figure.x_range, x, figure.inner_width], [figure.y_range, y, figure.inner_height],
  ]) {
    const half = (unit * pixels) / 2;
    range.setv({ start: at - half, end: at + half });
  }
}

function middle() {
  const { x_range: across, y_range: up } = models.figure0;
  return [(across.start + across.end) / 2, (up.start + up.end) / 2];
}

// Keeps the middle and the scale when the page has changed its size.
const resized = () => look(...middle(), unitBefore);

function pressed(event) {
  const zoom = { "+": 0.8, "=": 0.8, "-": 1.25 }[event.key];
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const [x, y] = middle();
  if (event.key === "0") fit();
  else if (zoom) look(x, y, zoom * unitBefore);
  else if (step) look(x + 60 * unitBefore * step[0], y + 60 * unitBefore * step[1], unitBefore);
  else return;
  event.preventDefault();
}

// While the view moves, the strongest of many edges are drawn, as fine lines, which is faster by far.
function move(moves) {
  isMoving = moves;
  page.of.forEach((_, k) => {
    models[`fine${k}`].visible = moves && shown[k].length > MANY;
    models[`lines${k}`].visible = !models[`fine${k}`].visible;
  });
  if (!moves) drawLabels();
}

// Draws the network as it is once the view stands still.
function settle() {
  clearTimeout(timer);
  timer = setTimeout(() => { if (!isDragged) move(false); }, 120);
}

function setUpView() {
  fit();
  const figure = models.figure0;
  for (const size of ["inner_width", "inner_height"]) {
    figure.properties[size].change.connect(eased(resized));
  }
  for (const range of [figure.x_range, figure.y_range]) {
    range.change.connect(() => {
      if (figure.inner_height) unitBefore = (figure.y_range.end - figure.y_range.start) / figure.inner_height;
      if (!isMoving) move(true);
      settle();
    });
  }
  element("network").addEventListener("keydown", pressed);
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
