// What all parts share: the page's elements, its data, and the state that the address keeps.

const element = (id) => document.getElementById(id);

// A new element with text, which is never read as HTML.
function make(tag, text = "", inside = null) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (inside) inside.append(made);
  return made;
}

// The data: base64 of gzip of JSON.
async function unpacked() {
  const packed = Uint8Array.from(atob(element("payload").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const BEGIN = {
  limits: {}, around: -1, depth: 1, isolated: false, colour: "", show: "all", asked: null, path: null,
};
const state = structuredClone(BEGIN);
let page; // the data
let isDark = false;

// A number as people write it; p-values span many powers of ten.
function digits(value) {
  if (value === null || value === undefined) return "unknown";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}
