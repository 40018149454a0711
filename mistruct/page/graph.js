// The network as a graph: what passes the filters, neighbourhoods, shortest paths.

const MARKS = ["tail", "circle", "arrow"]; // what an edge can have at an end
const CIRCLE = 1;
const SYMBOLS = [["—", "—o", "→"], [null, "o—o", "o→"], [null, null, "↔"]]; // by the marks at both ends

const has = (e, k) => Boolean(page.of[k].ends[e]);

// An edge as [source, symbol, target].
function arrow(e, k) {
  const [p, q] = page.of[k].ends[e];
  const [x, y] = [page.names[page.a[e]], page.names[page.b[e]]];
  return p <= q ? [x, SYMBOLS[p][q], y] : [y, SYMBOLS[q][p], x];
}

// The direction of an edge in a word, or its marks where these are others than those of an arrow.
function orientation(e, k) {
  if (page.of[k].contested.has(e)) return "contested";
  const [p, q] = page.of[k].ends[e];
  if (p + q === 0) return "undirected";
  if (Math.abs(p - q) === 2) return "directed";
  return `${MARKS[p]} at ${page.names[page.a[e]]}, ${MARKS[q]} at ${page.names[page.b[e]]}`;
}

// Whether an edge is in network k and passes every limit; an unknown number passes none.
function passes(e, k) {
  const of = page.of[k];
  if (!has(e, k)) return false;
  for (const [name, limit] of Object.entries(state.limits)) {
    const value = of.numbers[name]?.[e];
    if (value === null || value === undefined) return false;
    if (page.filters[name] ? value > limit : value < limit) return false;
  }
  return true;
}

// Of two networks: whether an edge is in both, or in one.
function change(e) {
  const [first, second] = page.of.map((_, k) => has(e, k));
  return first && second ? "kept" : first ? "lost" : "gained";
}

// The edges to show in each network.
function shownEdges() {
  const all = page.a.map((_, e) => e);
  const passed = page.of.map((_, k) =>
    all.filter((e) => passes(e, k) && (state.show === "all" || change(e) === state.show)));
  if (state.around < 0) return passed;
  const near = reached([...new Set(passed.flat())], state.around, state.depth);
  return passed.map((edges) => edges.filter((e) => near.has(page.a[e]) && near.has(page.b[e])));
}

function neighbours(edges) {
  const of = page.names.map(() => []);
  for (const e of edges) {
    of[page.a[e]].push(page.b[e]);
    of[page.b[e]].push(page.a[e]);
  }
  return of;
}

// The nodes within some steps, each with the node before it on a shortest path.
function reached(edges, from, depth) {
  const near = neighbours(edges);
  const before = new Map([[from, -1]]);
  let last = [from];
  for (let step = 0; step < depth && last.length; step++) {
    const next = [];
    for (const v of last) {
      for (const w of near[v]) {
        if (!before.has(w)) {
          before.set(w, v);
          next.push(w);
        }
      }
    }
    last = next;
  }
  return before;
}

// A shortest path as a list of nodes, or null.
function shortestPath(edges, from, to) {
  const before = reached(edges, from, page.names.length);
  if (!before.has(to)) return null;
  const path = [];
  for (let v = to; v >= 0; v = before.get(v)) path.unshift(v);
  return path;
}

// The edge between two nodes, or -1.
function edgeBetween(x, y) {
  return page.a.findIndex((a, e) => (a === x && page.b[e] === y) || (a === y && page.b[e] === x));
}
