// The filters, and the address that keeps them.

const LABELS = {
  p_value: "p-value at most", fdr: "false discovery rate at most", mi: "mi at least", weight: "weight at least", gain: "gain at least",
  support: "support at least",
};

// A slider over the values that occur, and the same limit as a number to type.
function addSlider(name) {
  const values = [...new Set(page.of.flatMap((of) => of.numbers[name] ?? []))]
    .filter((v) => v !== null).sort((p, q) => p - q);
  if (values.length < 2) return;
  const small = page.filters[name];
  const label = make("label", `${LABELS[name]} `, element("sliders"));
  const number = make("input", "", label);
  Object.assign(number, { type: "number", step: "any", id: `limit-${name}` });
  const slider = make("input", "", label);
  Object.assign(slider, { type: "range", min: 0, max: values.length - 1, id: `slide-${name}` });
  slider.setAttribute("aria-label", LABELS[name]);
  const free = small ? values.length - 1 : 0;
  const show = () => {
    const limit = state.limits[name];
    number.value = limit ?? "";
    number.placeholder = digits(values[free]);
    const at = values.findLastIndex((v) => v <= limit);
    slider.value = limit === undefined ? free : small ? Math.max(0, at) : values.findIndex((v) => v >= limit);
  };
  slider.addEventListener("input", () => {
    if (Number(slider.value) === free) delete state.limits[name];
    else state.limits[name] = values[slider.value];
    show();
    soon();
  });
  number.addEventListener("change", () => {
    if (number.value === "") delete state.limits[name];
    else state.limits[name] = Number(number.value);
    show();
    draw();
  });
  shows.push(show);
}

const shows = []; // what puts a control where the state is
const soon = eased(() => draw());
const nodeOf = (id) => page.names.indexOf(element(id).value);

function setUpFilters() {
  element("names").replaceChildren(...page.names.map((name) => {
    const option = make("option");
    option.value = name;
    return option;
  }));
  for (const name of Object.keys(page.filters)) addSlider(name);
  const colour = element("colour");
  for (const name of ["", ...Object.keys(page.colours)]) make("option", name || "none", colour).value = name;
  const on = (id, event, run) => element(id).addEventListener(event, run);
  on("colour", "change", () => { state.colour = colour.value; draw(); });
  on("isolated", "change", () => { state.isolated = element("isolated").checked; draw(); });
  on("around", "change", () => { state.around = nodeOf("around"); draw(); });
  on("depth", "change", () => { state.depth = Math.max(1, Number(element("depth").value) || 1); draw(); });
  on("search", "change", () => find(nodeOf("search")));
  on("show", "change", () => { state.show = element("show").value; draw(); });
  on("surroundings", "click", () => { state.around = page.target; showState(); draw(); });
  on("reset", "click", () => {
    Object.assign(state, structuredClone(BEGIN));
    clicked = -1;
    showState();
    draw();
    fit();
  });
  on("theme", "click", () => { paint(!isDark); drawEdges(); });
  element("surroundings").hidden = page.target < 0;
  element("show-label").hidden = page.of.length < 2;
  shows.push(() => {
    const name = (i) => (i >= 0 ? page.names[i] : "");
    element("around").value = name(state.around);
    element("depth").value = state.depth;
    element("isolated").checked = state.isolated;
    element("show").value = state.show;
    colour.value = state.colour;
  });
}

const showState = () => shows.forEach((show) => show());

// Puts a node in the middle and marks it.
function find(i) {
  if (i < 0) return;
  if (!nodesShown.includes(i)) {
    Object.assign(state, { around: -1, isolated: false });
    showState();
    draw();
  }
  look(page.x[i], page.y[i], Math.min(unitBefore, 0.6));
  clicked = i;
  tell(i);
}

// A frame of a notebook has no address to write to.
const hasAddress = () => location.protocol !== "about:";

// The state as the part of an address after "#", names as they are.
function keepState() {
  const kept = new URLSearchParams();
  for (const [name, limit] of Object.entries(state.limits)) kept.set(name, limit);
  if (state.around >= 0) kept.set("around", page.names[state.around]);
  if (state.depth !== 1) kept.set("depth", state.depth);
  if (state.isolated) kept.set("isolated", "hidden");
  if (state.colour) kept.set("colour", state.colour);
  if (state.show !== "all") kept.set("show", state.show);
  for (const [key, pair] of [["why", state.asked], ["path", state.path]]) {
    if (pair) for (const i of pair) kept.append(key, page.names[i]);
  }
  const hash = `#${kept}`;
  if (hasAddress() && hash !== (location.hash || "#")) history.replaceState(null, "", hash);
}

function readState() {
  Object.assign(state, structuredClone(BEGIN));
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(page.filters)) {
    const limit = kept.get(name);
    if (limit !== null && Number.isFinite(Number(limit))) state.limits[name] = Number(limit);
  }
  state.around = page.names.indexOf(kept.get("around"));
  state.depth = Math.max(1, Number(kept.get("depth")) || 1);
  state.isolated = kept.get("isolated") === "hidden";
  if (kept.get("colour") in page.colours) state.colour = kept.get("colour");
  if (["kept", "lost", "gained"].includes(kept.get("show"))) state.show = kept.get("show");
  for (const [key, field] of [["why", "asked"], ["path", "path"]]) {
    const pair = kept.getAll(key).map((name) => page.names.indexOf(name));
    if (pair.length === 2 && pair.every((i) => i >= 0) && pair[0] !== pair[1]) state[field] = pair;
  }
  showState();
}
