// The page begins.

async function begin() {
  page = await unpacked();
  for (const of of page.of) of.contested = new Set(of.contested);
  readReasons();
  await embed("network");
  setUpFilters();
  element("notes").replaceChildren(...page.notes.map((note) => make("li", note)));
  element("captions").replaceChildren(...page.networks.map((name) => make("span", name)));
  element("pair").hidden = true;
  setUpView();
  setUpPointer();
  readState();
  draw();
  paint(matchMedia("(prefers-color-scheme: dark)").matches);
  await new Promise(requestAnimationFrame);
  drawLabels();
  await embed("table");
  await embed("pair");
  setUpAsk();
  setUpTakeAway();
  paint(isDark);
  const restore = () => {
    readState();
    draw();
    if (state.asked) ask(...state.asked);
    showPath();
  };
  restore();
  addEventListener("hashchange", restore);
  document.documentElement.dataset.ready = "yes";
}

begin();
