// SPDX-License-Identifier: MIT
// The page: its filters, and what the parts do to each other.
(() => {
  const { el } = Dom;
  const root = document.documentElement;
  const data = document.getElementById("data"), section = document.getElementById("requests");
  const version = (document.querySelector(".kicker").textContent.match(/orshim (\S+)/) || [])[1] || "";
  const kicker = document.querySelector(".kicker");
  root.classList.add("js");
  kicker.append(el("button", { id: "theme", type: "button", title: "key: t", onclick: Dom.theme }, "light / dark"));

  const folds = () => [...document.querySelectorAll("main details")];
  const typing = (e) => /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
  const onKeys = (keys) => addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e) && e.key !== "Escape" || !keys[e.key]) return;
    if (keys[e.key](e) !== false) e.preventDefault();
  });
  let printed = [];
  const print = (on) => {
    if (on) printed = folds().filter((x) => !x.open);
    for (const x of printed) x.open = on;
  };
  const times = () => {
    for (const t of document.querySelectorAll("header time")) {
      const d = new Date(t.dateTime);
      if (Number.isNaN(d.getTime())) continue;
      t.title = t.dateTime;
      t.textContent = new Date(d - d.getTimezoneOffset() * 6e4).toISOString().slice(0, 19).replace("T", " ");
    }
    for (const z of document.querySelectorAll("header .zone"))
      z.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone || "your time";
  };
  times();
  if (!data || !section) {
    onKeys({ t: Dom.theme });
    addEventListener("beforeprint", () => print(true));
    addEventListener("afterprint", () => print(false));
    return;
  }

  const model = Model.read(data.textContent);
  data.remove(); // its text is needed no more
  const facets = [["cause", "cause"], ["status", "status"], ["host", "host"], ["model", "model"], ["key", "key"],
    ["sender", "tool"], ["provider", "provider"], ["machine", "machine"], ["container", "container"], ["ci", "CI run"],
    ["tool_version", "version"], ["orshim", "orshim"]];
  const state = { search: "", failed: false, is: new Map(), from: null, to: null };
  const order = { column: "time", down: false, failuresFirst: true };
  let shown = [];

  const status = el("span", { id: "shown", role: "status", class: "soft" });
  const copied = el("span", { id: "said", role: "status", class: "soft" });
  Dom.announceIn(copied);
  const search = el("input", { id: "search", type: "search", placeholder: "search: 401, host, model, key, error \u2026  ( / )",
    "aria-label": "search requests", oninput: () => { state.search = search.value; later(); } });
  const toggle = (id, text, title, pressed, act) => {
    const b = el("button", { id, type: "button", title, "aria-pressed": String(pressed), onclick: () => {
      b.setAttribute("aria-pressed", String(act()));
      apply();
    } }, text);
    return b;
  };
  const failedOnly = toggle("failed", "refused only", "key: f", false, () => state.failed = !state.failed);
  const failuresFirst = toggle("first", "failures first", "", true, () => order.failuresFirst = !order.failuresFirst);
  const selects = new Map();
  const narrow = matchMedia("(max-width: 62rem)");
  const filters = el("details", { class: "filters", open: !narrow.matches }, el("summary", {}, "filters"),
    el("div", { class: "bar" }, facets.map(([field, title]) => {
      const options = model.options(field);
      if (options.length < (field === "cause" || field === "provider" ? 1 : 2)) return null;
      if (field === "tool_version" && !options.some(([value]) => value.includes(" "))) return null; // as the tools
      const select = el("select", { "aria-label": "filter by " + title, onchange: () => set(field, select.value) },
        el("option", { value: "" }, title + ": all"),
        options.map(([value, count]) => el("option", { value }, `${model.label(field, value)} (${count})`)));
      selects.set(field, select);
      return select;
    })));
  narrow.addEventListener("change", () => { filters.open = !narrow.matches; });
  const chips = el("div", { class: "chips" });
  const left = model.total > model.kept ? el("p", { class: "soft" }, `${model.total - model.kept} older requests are not in this page, ` +
    "but are counted above; `orshim report N` shows each, --json has all.") : null;

  const detail = Detail.make(model, version, { open: (at) => open(at, true), close: () => close(), step: (by) => table.step(by) });
  const table = Table.make(model, { opened: (at, focus) => open(at, focus), sorted: (column) => {
    order.down = order.column === column && !order.down;
    order.column = column;
    apply();
    table.top();
  } });
  const timeline = model.start !== null && model.rows > 1 ? Timeline.make(model, (from, to) => { state.from = from; state.to = to; apply(); }) : null;

  const chip = (text, drop) => el("button", { type: "button", class: "chip", title: "remove this filter", onclick: drop }, text, " \u2715");
  const apply = () => {
    const found = model.filter(state);
    shown = model.sorted(model.within(found, state.from, state.to), order.column, order.down, order.failuresFirst);
    table.update(shown, order.column, order.down);
    if (timeline) timeline.update(found, state.from, state.to);
    const bad = shown.filter(model.failed).length;
    status.textContent = `${shown.length} of ${model.rows} requests, ${bad} refused`;
    for (const [field, select] of selects) select.value = state.is.get(field) || "";
    const active = [...state.is].map(([field, value]) => chip(`${field}: ${model.label(field, value)}`, () => set(field, "")));
    if (state.from !== null) active.push(chip(`${model.time(state.from, false)} to ${model.time(state.to, false)}`,
      () => { state.from = state.to = null; apply(); }));
    chips.replaceChildren(...active, active.length > 1 ? el("button", { type: "button", onclick: clear }, "all requests") : "");
    section.classList.toggle("none", shown.length === 0);
  };
  let timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(apply, model.rows > 5000 ? 120 : 0); };
  const set = (field, value) => {
    if (value) state.is.set(field, value);
    else state.is.delete(field);
    apply();
    table.top();
  };
  const clear = () => {
    Object.assign(state, { search: "", failed: false, from: null, to: null });
    state.is.clear();
    search.value = "";
    failedOnly.setAttribute("aria-pressed", "false");
    apply();
  };

  const open = (at, focus) => {
    if (!shown.includes(at)) clear();
    detail.show(at);
    section.classList.add("split");
    table.mark(at);
    history.replaceState(null, "", model.hash(at));
    if (focus && detail.element.getBoundingClientRect().top > innerHeight - 120) section.scrollIntoView();
  };
  const close = () => {
    detail.hide();
    section.classList.remove("split");
    table.mark(-1);
    history.replaceState(null, "", location.pathname + location.search);
    table.element.focus({ preventScroll: true });
  };
  const follow = () => {
    const request = location.hash.match(/^#x(\d+)-(\d+)$/);
    const at = request ? model.find(Number(request[1]), Number(request[2])) : null;
    const cause = location.hash.match(/^#cause=(.+)$/);
    if (at !== null) {
      open(at, false);
      detail.element.scrollIntoView({ block: "nearest" });
      detail.element.focus({ preventScroll: true });
    } else if (cause) {
      clear();
      set("cause", decodeURIComponent(cause[1]));
      section.scrollIntoView();
      table.element.focus({ preventScroll: true });
    }
  };

  section.append(el("div", { class: "bar" }, search, failedOnly, failuresFirst, status, copied), filters, chips,
    ...(timeline ? [timeline.element] : []), table.element, el("p", { class: "empty" }, "No request fits. ",
      el("button", { type: "button", onclick: clear }, "show all")), ...(left ? [left] : []), detail.element);
  // A value in the tables becomes a filter of the requests.
  for (const span of document.querySelectorAll("[data-field]")) {
    const { field, value } = span.dataset;
    if (!model.fields[field]) continue;
    span.replaceWith(el("button", { type: "button", class: "value", title: "show these requests", onclick: () => {
      clear();
      set(field, field === "key" && !value ? "none" : value);
      section.scrollIntoView();
    } }, span.textContent));
  }
  document.querySelector("footer").append(el("p", { class: "keys" }, ...[["/", "search"], ["f", "refused only"], ["j", ""], ["k", "next and previous request"],
    ["Enter", "open"], ["Esc", "close"], ["+", ""], ["-", "zoom"], ["t", "light or dark"]].flatMap(([k, what]) => [el("kbd", {}, k), what ? ` ${what}  ` : " "])));

  onKeys({
    t: Dom.theme, "/": () => search.focus(), f: () => failedOnly.click(), j: () => table.step(1), k: () => table.step(-1),
    "+": () => timeline && timeline.scale(0.5), "-": () => timeline && timeline.scale(2),
    Escape: (e) => {
      if (e.target === search && search.value) { search.value = state.search = ""; apply(); }
      else if (e.target === search) table.element.focus();
      else if (!detail.element.hidden) close();
      else return false;
    },
  });
  let more = null;
  addEventListener("beforeprint", () => {
    print(true);
    const left = table.print(true);
    if (left) section.append(more = el("p", { class: "soft" }, `and ${left} more requests`));
  });
  addEventListener("afterprint", () => { print(false); table.print(false); if (more) more.remove(); more = null; });
  addEventListener("hashchange", follow);
  addEventListener("click", (e) => { // a second press of the same link
    const a = e.target.closest("a[href^='#']");
    if (a && a.getAttribute("href") === location.hash) follow();
  });
  apply();
  follow();
})();
