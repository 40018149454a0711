// The picture of a pair: counts as a heat map, box plots of a mixed pair, points if the page has them.

// Where states or bins lie: side by side, however far apart their numbers are.
function placesOf(axis) {
  if (axis.bounds) return [...axis.bounds, null].map((_, n) => [n, n + 1]);
  return axis.states.map((_, n) => [n - 0.45, n + 0.45]);
}

function nameOf(axis, n) {
  if (axis.states) return axis.states[n];
  const [low, high] = [axis.bounds[n - 1], axis.bounds[n]].map(digits);
  if (n === 0) return `below ${high}`;
  return n === axis.bounds.length ? `from ${low}` : `${low} to ${high}`;
}

const NONE = {
  cells: ["left", "right", "bottom", "top", "fill", "about"],
  boxes: ["left", "right", "bottom", "top", "about"],
  whiskers: ["x0", "y0", "x1", "y1"],
  points: ["x", "y"],
};

function columns(names, rows) {
  return Object.fromEntries(names.map((name, n) => [name, rows.map((row) => row[n])]));
}

function drawPair(x, y) {
  // The figure comes after the first picture of the network.
  const row = models.of_pair && page.pairs?.find(([a, b]) => keyOf(a, b) === keyOf(x, y));
  element("pair").hidden = !row;
  if (!row) return;
  let [a, b, { counts, quantiles }] = row;
  let [across, up] = [page.axes[a], page.axes[b]];
  let count = (i, j) => counts[i * placesOf(page.axes[row[1]]).length + j];
  if (across.bounds && up.states) { // states go across
    [a, b, across, up] = [b, a, up, across];
    const straight = count;
    count = (i, j) => straight(j, i);
  }
  const rows = { cells: [], boxes: [], whiskers: [], points: [] };
  const [xs, ys] = [placesOf(across), placesOf(up)];
  const points = page.points?.[a] && page.points?.[b];
  if (points) {
    rows.points = page.points[a].map((value, n) => [value, page.points[b][n]])
      .filter(([p, q]) => p !== null && q !== null);
  } else if (quantiles) {
    quantiles.forEach((five, n) => {
      if (!five) return;
      const about = `${nameOf(across, n)}: median ${digits(five[2])}, middle half ${digits(five[1])} to ${digits(five[3])}`;
      rows.boxes.push([n - 0.3, n + 0.3, five[1], five[3], about]);
      rows.whiskers.push([n, five[0], n, five[1]], [n, five[3], n, five[4]], [n - 0.3, five[2], n + 0.3, five[2]]);
    });
  } else {
    // States differ in size: each state that goes across is a distribution of its own.
    const sums = xs.map((_, i) => ys.reduce((sum, _, j) => sum + count(i, j), 0));
    const most = across.states ? 1 : Math.max(...counts);
    xs.forEach(([left, right], i) => ys.forEach(([bottom, top], j) => {
      const share = count(i, j) / (across.states ? sums[i] || 1 : most);
      rows.cells.push([left, right, bottom, top, `rgba(0, 114, 178, ${share.toFixed(3)})`,
        `${nameOf(across, i)}, ${nameOf(up, j)}: ${count(i, j).toLocaleString("en")} rows`]);
    }));
  }
  for (const [name, fields] of Object.entries(NONE)) fill(name, columns(fields, rows[name]));
  const numbers = points ? rows.points.map((p) => p[1]) : rows.whiskers.flatMap((w) => [w[1], w[3]]);
  const span = numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : null;
  spread(models.of_pair.x_range, points ? rows.points.map((p) => p[0]) : [xs[0][0], xs.at(-1)[1]]);
  spread(models.of_pair.y_range, span ?? [ys[0][0], ys.at(-1)[1]]);
  label(models.across, a, across, points);
  label(models.up, b, up, points || quantiles);
}

function spread(range, values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.03 * (high - low) || 1;
  range.setv({ start: low - room, end: high + room });
}

// The name of a column, and its states or the bounds of its bins, along an axis.
function label(axis, node, places, free) {
  axis.axis_label = page.names[node];
  const texts = places.states ?? places.bounds.map(digits);
  const first = places.states ? 0 : 1;
  const turned = axis === models.across && texts.join("").length > 30;
  axis.major_label_orientation = turned ? Math.PI / 4 : "horizontal";
  const ticks = texts.map((_, n) => n + first);
  axis.ticker = free ? new Bokeh.Models.BasicTicker() : new Bokeh.Models.FixedTicker({ ticks });
  axis.major_label_overrides = new Map(free ? [] : ticks.map((at, n) => [at, texts[n]]));
}
