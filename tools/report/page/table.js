// SPDX-License-Identifier: MIT
// The table of requests: only the rows in sight are in the document, however many there are.
const Table = (() => {
  const { el } = Dom;
  const MARGIN = 6;      // rows above and below what is seen
  const PRINTED = 300;   // rows on paper
  const all = [["status", "status"], ["time", "time"], ["ms", "ms"], ["host", "host"], ["path", "request"],
    ["model", "model"], ["sender", "tool, process"], ["machine", "machine"], ["key", "key"], ["cause", "cause"]];
  const narrow = matchMedia("(max-width: 62rem)");

  // opened(at): a row was chosen; sorted(column): a title was pressed.
  const make = (model, { opened, sorted }) => {
    const columns = all.filter(([id]) => id !== "machine" || model.fleet);
    const titles = new Map();
    const head = el("div", { role: "row", class: "head", "aria-rowindex": 1 }, columns.map(([id, title]) => {
      const cell = el("div", { role: "columnheader", class: "c-" + id, "aria-sort": "none" },
        el("button", { type: "button", tabindex: -1, onclick: () => sorted(id) }, title, el("span", { class: "arrow", "aria-hidden": "true" })));
      titles.set(id, cell);
      return cell;
    }));
    const inner = el("div", { class: "rows", role: "rowgroup" });
    const grid = el("div", { role: "grid", class: "grid" + (model.fleet ? " fleet" : ""), tabindex: 0, "aria-label": "requests", "aria-colcount": columns.length },
      el("div", { role: "rowgroup", class: "headgroup" }, head), inner);
    let list = [], active = -1, opening = -1, drawn = new Map(), printing = false;
    const high = () => narrow.matches ? 56 : 30;

    const status = (at) => (model.failed(at) ? "\u2717 " : model.probe(at) ? "" : "\u2713 ") + model.fields.status(at);
    const texts = {
      status, time: (at) => model.time(model.at(at), true), ms: (at) => model.ms(at) < 0 ? "" : String(model.ms(at)),
      host: model.fields.host, path: (at) => (model.retry(at) ? "\u21bb " : "") + model.method(at) + " " + model.fields.path(at), model: model.fields.model,
      sender: (at) => { const who = model.who(at); return who[3] ? `${who[3]} \u00b7 ${who[2]}` : who[2]; },
      machine: model.fields.machine, key: (at) => model.label("key", model.fields.key(at)),
      cause: (at) => model.probe(at) ? "(a probe: not judged)" : model.fields.cause(at),
    };
    const row = (i) => {
      const at = list[i];
      return el("div", { role: "row", id: "row-" + at, "aria-rowindex": i + 2, "aria-selected": i === active ? "true" : "false",
        class: "row" + (model.failed(at) ? " failed" : "") + (at === opening ? " opened" : "") },
        columns.map(([id]) => {
          const text = texts[id](at);
          const title = id === "cause" ? model.title(at) || text : id === "path" && model.retry(at) ? text + " (a retry)" : text;
          return el("div", { role: "gridcell", class: "c-" + id, title }, text);
        }));
    };
    const draw = () => {
      const h = high();
      const from = printing ? 0 : Math.max(0, Math.floor(grid.scrollTop / h) - MARGIN);
      const to = printing ? Math.min(list.length, PRINTED)
        : Math.min(list.length, Math.ceil((grid.scrollTop + grid.clientHeight) / h) + MARGIN);
      for (const [i, made] of drawn) if (i < from || i >= to) { made.remove(); drawn.delete(i); }
      for (let i = from; i < to; i++) {
        if (drawn.has(i)) continue;
        const made = row(i);
        made.style.top = i * h + "px";
        drawn.set(i, made);
        inner.append(made);
      }
    };
    const redraw = () => {
      for (const made of drawn.values()) made.remove();
      drawn = new Map();
      inner.style.height = (printing ? Math.min(list.length, PRINTED) : list.length) * high() + "px";
      draw();
      const made = drawn.get(active);
      if (made) grid.setAttribute("aria-activedescendant", made.id);
      else grid.removeAttribute("aria-activedescendant");
    };
    let asked = false;
    grid.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; draw(); });
    });
    const reveal = () => {
      const h = high(), top = active * h, seen = grid.clientHeight - head.offsetHeight;
      if (top < grid.scrollTop) grid.scrollTop = top;
      else if (top + h > grid.scrollTop + seen) grid.scrollTop = top + h - seen;
    };
    const choose = (i) => {
      if (!list.length) return;
      active = Math.min(Math.max(i, 0), list.length - 1);
      reveal();
      redraw();
      if (opening >= 0) opened(list[active], false);
    };
    grid.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target !== grid) return;
      const page = Math.max(1, Math.floor(grid.clientHeight / high()) - 2);
      const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -list.length, End: list.length };
      if (e.key in moves) choose(active < 0 && moves[e.key] > 0 ? moves[e.key] - 1 : active + moves[e.key]);
      else if (e.key === "Enter" && active >= 0) opened(list[active], true);
      else return;
      e.preventDefault();
    });
    inner.addEventListener("click", (e) => {
      const made = e.target.closest(".row");
      const marked = getSelection();
      if (!made || !marked.isCollapsed && made.contains(marked.anchorNode)) return; // text is being selected
      active = Number(made.getAttribute("aria-rowindex")) - 2;
      opened(list[active], true);
    });
    new ResizeObserver(draw).observe(grid);
    narrow.addEventListener("change", redraw);

    return {
      element: grid,
      // The order has changed or the requests have: what was chosen stays so if it is still there.
      update: (requests, column, down) => {
        const before = active >= 0 ? list[active] : -1;
        list = requests;
        active = list.indexOf(before);
        for (const [id, cell] of titles)
          cell.setAttribute("aria-sort", id !== column ? "none" : down ? "descending" : "ascending");
        grid.setAttribute("aria-rowcount", list.length + 1);
        redraw();
      },
      // AT is what the pane below shows; -1: it is closed.
      mark: (at) => {
        opening = at;
        const i = list.indexOf(at);
        if (i >= 0) { active = i; reveal(); }
        redraw();
      },
      step: (by) => choose(active < 0 ? 0 : active + by),
      top: () => { grid.scrollTop = 0; redraw(); },
      print: (on) => { printing = on; grid.classList.toggle("printing", on); redraw(); return Math.max(0, list.length - PRINTED); },
    };
  };
  return { make };
})();
