// The page begins.

async function begin() {
  page = await unpacked();
  readReasons();
  await embed();
  setUpFilters();
  setUpAsk();
  setUpTakeAway();
  paint(matchMedia("(prefers-color-scheme: dark)").matches);
  element("notes").replaceChildren(...page.notes.map((note) => make("li", note)));
  element("captions").replaceChildren(...page.networks.map((name) => make("span", name)));
  element("pair").hidden = true;
  const restore = () => {
    readState();
    draw();
    if (state.asked) ask(...state.asked);
    showPath();
  };
  restore();
  addEventListener("hashchange", restore);
  requestAnimationFrame(() => {
    drawLabels();
    document.documentElement.dataset.ready = "yes";
  });
}

begin();
