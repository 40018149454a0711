// The table of edges, and files: CSV of its rows, PNG and SVG of the picture, a link to the view.

// The rows are the edges that are shown, of selected nodes only where some are selected.
function fillRows() {
  if (!models.rows) return; // the table comes after the first picture
  const chosen = new Set(models.nodes.selected.indices.map((n) => nodesShown[n]));
  const union = [...new Set(shown.flat())];
  const rows = chosen.size ? union.filter((e) => chosen.has(page.a[e]) && chosen.has(page.b[e])) : union;
  const of = (e) => (has(e, 0) ? 0 : 1);
  const strength = (e) => strengthOf(of(e))[e] ?? -Infinity;
  rows.sort((p, q) => strength(q) - strength(p) || p - q);
  const sides = rows.map((e) => arrow(e, of(e)));
  const data = {
    e: rows, source: sides.map((s) => s[0]), target: sides.map((s) => s[2]),
    edge: rows.map((e, n) => sides[n][1] + (page.of.length === 2 ? ` ${change(e)}` : "")),
  };
  for (const name of page.numbers) data[name] = rows.map((e) => page.of[of(e)].numbers[name]?.[e] ?? null);
  models.rows.selected.indices = [];
  fill("rows", data);
}

function download(blob, name) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function csv() {
  const data = models.rows.data;
  const quoted = (value) => {
    const text = value === null ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const chosen = models.rows.selected.indices;
  const rows = chosen.length ? [...chosen].sort((p, q) => p - q) : data.e.map((_, n) => n);
  const of = (e) => (has(e, 0) ? 0 : 1);
  const names = ["source", "target", ...page.numbers, "orientation"];
  if (page.of.length === 2) names.push("change");
  const value = (name, n) => {
    const e = data.e[n];
    if (name === "orientation") return orientation(e, of(e));
    return name === "change" ? change(e) : data[name][n];
  };
  return [names, ...rows.map((n) => names.map((name) => value(name, n)))]
    .map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

async function picture(type) {
  const layer = views.network.export(type);
  download(await layer.to_blob(), `network.${type}`);
}

async function copyLink() {
  const said = element("copied");
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = "Copied.";
  } catch { // the browser does not let the page
    said.textContent = "Copy the address of this page: it holds the view.";
  }
}

function setUpTakeAway() {
  const on = (id, run) => element(id).addEventListener("click", run);
  on("csv", () => download(new Blob([csv()], { type: "text/csv" }), "edges.csv"));
  on("png", () => picture("png"));
  on("svg", () => picture("svg"));
  on("link", copyLink);
  element("link").hidden = !hasAddress();
  models.nodes.selected.properties.indices.change.connect(fillRows);
  models.rows.selected.properties.indices.change.connect(() => {
    const [n] = models.rows.selected.indices;
    if (n === undefined) return;
    const e = models.rows.data.e[n];
    ask(page.a[e], page.b[e]);
  });
}
