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
  paint(matchMedia("(prefers-color-scheme: dark)").matches);
  readState();
  draw();
  await new Promise(requestAnimationFrame);
  drawLabels();
  await embed("table");
  await embed("pair");
  setUpAsk();
  setUpTakeAway();
  paint(isDark);
  fillRows();
  const askAgain = () => {
    if (state.asked) ask(...state.asked);
    showPath();
  };
  askAgain();
  addEventListener("hashchange", () => {
    readState();
    draw();
    askAgain();
  });
  document.documentElement.dataset.ready = "yes";
}

begin();
