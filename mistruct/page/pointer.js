// The pointer on the network: what lies under it, clicks, and nodes that are dragged.

let clicked = -1; // the node that was clicked last
let held = -1; // the node that is dragged
let over = -1; // the node under the pointer
let resting = null; // the tool for panning, while the pointer is over a node

// What lies at a place of the layout: a node, or else an edge.
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

// Tells beside the pointer what lies under it. A drag that begins on a node moves that node.
function hover(figure, k, { x, y }) {
  if (held >= 0) return;
  const hit = isMoving ? {} : under(figure, k, x, y);
  // A click near a node means it; what begins a drag must lie on it.
  over = hit.away * scaleOf(figure) <= size(degrees[hit.node], hit.node) / 2 ? hit.node : -1;
  const pan = models[`pan${k}`];
  if (over >= 0 && pan.active) {
    resting = pan;
    pan.active = false;
  } else if (over < 0) leave();
  const tip = element("tip");
  const isNode = hit.node !== undefined;
  tip.hidden = !isNode && hit.edge === undefined;
  if (tip.hidden) return;
  tip.replaceChildren();
  make("b", isNode ? page.names[hit.node] : arrow(hit.edge, k).join(" "), tip);
  make("span", isNode ? aboutNode(hit.node) : aboutEdge(hit.edge, k), tip);
}

// The pointer lies on no node any more.
function leave() {
  over = -1;
  if (resting) resting.active = true;
  resting = null;
}

function aboutNode(i) {
  return Object.entries(page.colours).map(([name, of]) => [name, of[i]])
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${typeof value === "number" ? digits(value) : value}`)
    .concat(`${degrees[i]} ${degrees[i] === 1 ? "neighbour" : "neighbours"}`).join(", ");
}

function aboutEdge(e, k) {
  const numbers = page.numbers.map((name) => [name, page.of[k].numbers[name]?.[e]])
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name} ${digits(value)}`);
  return [orientation(e, k), ...numbers].join(", ");
}

function setUpPointer() {
  element("network").addEventListener("pointermove", ({ clientX: x, clientY: y }) => {
    const { style } = element("tip");
    const right = x > innerWidth / 2;
    Object.assign(style, { top: `${y + 14}px`, left: right ? "" : `${x + 14}px`, right: right ? `${innerWidth - x + 14}px` : "" });
  });
  const follow = eased(() => {
    drawNodes();
    drawEdges();
    drawLabels();
  });
  page.of.forEach((_, k) => {
    const figure = models[`figure${k}`];
    const on = (events, run) => events.forEach((event) => figure.on_event(event, run));
    // A quick second click, elsewhere, comes as the second of two.
    on(["tap", "doubletap"], ({ x, y }) => click(figure, k, x, y));
    on(["mousemove"], (event) => hover(figure, k, event));
    on(["mouseleave"], () => {
      element("tip").hidden = true;
      if (held < 0) leave();
    });
    on(["panstart"], () => {
      isDragged = true;
      element("tip").hidden = true;
      held = resting ? over : -1;
    });
    on(["pan"], ({ x, y }) => {
      if (held < 0) return;
      [page.x[held], page.y[held]] = [x, y];
      follow();
    });
    on(["panend"], () => {
      isDragged = false;
      held = -1;
      settle();
    });
    on(["reset"], fit);
    figure.document.event_manager.subscribed_models.add(figure);
  });
}
