// Why: the words of the learner, the numbers of an edge, the set that separates a pair.

const keyOf = (x, y) => `${Math.min(x, y)} ${Math.max(x, y)}`;
let reasons; // of each network, by pair

function readReasons() {
  reasons = page.reasons.map((of) => new Map(of.rows.map((row) => [keyOf(row[0], row[1]), row])));
}

// The variables that separate a pair, or come closest to it.
function setOf(x, y) {
  return reasons.flatMap((of) => of.get(keyOf(x, y))?.[3] ?? []);
}

// The learner's words of a pair; what is known else, where it has none.
function wordsOf(x, y, k) {
  const [p, q] = [x, y].map((i) => `'${page.names[i]}'`);
  const row = reasons[k].get(keyOf(x, y));
  if (row) return row[2];
  const e = edgeBetween(x, y);
  if (e >= 0 && has(e, k)) return `${p} and ${q} are adjacent: ${orientation(e, k)}`;
  const reason = page.reasons[k].otherwise;
  return `${p} and ${q} are not adjacent${reason ? `: ${reason}` : ""}`;
}

function ask(x, y) {
  if (x < 0 || y < 0 || x === y) return;
  state.asked = [x, y];
  state.path = null;
  element("x").value = page.names[x];
  element("y").value = page.names[y];
  answer();
  drawMarks();
  keepState();
}

function answer() {
  const [x, y] = state.asked;
  const e = edgeBetween(x, y);
  const parts = page.of.map((of, k) => {
    const adjacent = e >= 0 && has(e, k);
    const part = make("div");
    if (page.networks.length) make("h3", page.networks[k], part);
    make("p", wordsOf(x, y, k), part).className = "words";
    const facts = make("dl", "", part);
    const add = (name, value) => {
      make("dt", name, facts);
      make("dd", value, facts);
    };
    if (adjacent) {
      for (const name of page.numbers) {
        const value = of.numbers[name]?.[e];
        if (value !== null && value !== undefined) add(name, digits(value) + (["mi", "cmi", "gain"].includes(name) ? " nats" : ""));
      }
      add("orientation", orientation(e, k));
    }
    const set = reasons[k].get(keyOf(x, y))?.[3] ?? [];
    if (set.length) {
      add(adjacent ? "closest set" : "separating set", set.map((z) => page.names[z]).join(", "));
    }
    return part;
  });
  element("answer").replaceChildren(...parts);
  drawPair(x, y);
}

// What is known of one variable.
function tell(i) {
  state.asked = state.path = null;
  element("x").value = page.names[i];
  element("y").value = "";
  const part = make("div");
  make("h3", page.names[i], part);
  const union = [...new Set(shown.flat())];
  const near = neighbours(union)[i];
  make("p", near.length ? `Neighbours: ${near.map((v) => page.names[v]).join(", ")}` : "No neighbours.", part);
  const more = make("button", "Only its surroundings", part);
  more.type = "button";
  more.addEventListener("click", () => { state.around = i; showState(); draw(); });
  element("answer").replaceChildren(part);
  element("pair").hidden = true;
  drawMarks();
  keepState();
}

function showPath() {
  if (!state.path) return;
  const path = shortestPath([...new Set(shown.flat())], ...state.path);
  const words = path ? path.map((v) => page.names[v]).join(" — ") : "No path: no edges lead from one to the other.";
  const part = make("p", words);
  part.className = "words";
  element("answer").replaceChildren(part);
  element("pair").hidden = true;
  drawMarks();
  keepState();
}

function setUpAsk() {
  element("why").addEventListener("click", () => ask(nodeOf("x"), nodeOf("y")));
  element("path").addEventListener("click", () => {
    const [x, y] = [nodeOf("x"), nodeOf("y")];
    if (x < 0 || y < 0 || x === y) return;
    Object.assign(state, { path: [x, y], asked: null });
    showPath();
  });
}
