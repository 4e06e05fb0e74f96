// SPDX-License-Identifier: MIT
// Requests over time: refused ones above the axis, others below. Drag over it, or use its buttons.
const Timeline = (() => {
  const { el, svg } = Dom;
  const HEIGHT = 116, AXIS = 50, BAR = 7, FOOT = 20;
  const ZOOM_MIN = 10; // ms

  // zoomed(from, to): ms after the start, or nulls for all.
  const make = (model, zoomed) => {
    const picture = svg("svg", { role: "img", height: HEIGHT, class: "chart" });
    const said = el("span", { class: "soft" });
    let list = [], from = null, to = null;
    const shown = () => from === null ? [0, Math.max(model.last, 1)] : [from, to];
    const show = (a, b) => {
      const wide = Math.max(b - a, ZOOM_MIN);
      if (wide >= model.last) return zoomed(null, null);
      const low = Math.min(Math.max(0, a), model.last - wide);
      zoomed(Math.round(low), Math.round(low + wide));
    };
    const scale = (by) => { const [a, b] = shown(); const mid = (a + b) / 2, half = (b - a) / 2 * by; show(mid - half, mid + half); };
    const move = (by) => { const [a, b] = shown(); show(a + (b - a) * by, b + (b - a) * by); };
    const button = (text, name, act) => el("button", { type: "button", "aria-label": name, title: name, onclick: act }, text);
    const back = button("\u25c0", "earlier", () => move(-0.5)), forth = button("\u25b6", "later", () => move(0.5));
    const out = button("\u2212", "zoom out", () => scale(2)), all = button("all", "all, the whole time", () => zoomed(null, null));
    const bar = el("div", { class: "bar", role: "group", "aria-label": "time axis" }, said, el("span", { class: "fill" }),
      back, forth, button("+", "zoom in", () => scale(0.5)), out, all);

    let dragged = null;
    const place = (event) => {
      const box = picture.getBoundingClientRect();
      const [a, b] = shown();
      return a + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (b - a);
    };
    const brush = svg("rect", { class: "brush", y: 0, height: HEIGHT - FOOT, visibility: "hidden" });
    picture.addEventListener("pointerdown", (e) => {
      if (e.button) return;
      dragged = { ms: place(e), x: e.clientX };
      picture.setPointerCapture(e.pointerId);
    });
    picture.addEventListener("pointermove", (e) => {
      if (!dragged) return;
      const box = picture.getBoundingClientRect();
      brush.setAttribute("x", Math.min(dragged.x, e.clientX) - box.left);
      brush.setAttribute("width", Math.abs(e.clientX - dragged.x));
      brush.setAttribute("visibility", "visible");
    });
    picture.addEventListener("pointerup", (e) => {
      if (dragged && Math.abs(e.clientX - dragged.x) > 3) {
        const ms = place(e);
        show(Math.min(dragged.ms, ms), Math.max(dragged.ms, ms));
      }
      dragged = null;
      brush.setAttribute("visibility", "hidden");
    });
    picture.addEventListener("pointercancel", () => { dragged = null; brush.setAttribute("visibility", "hidden"); });

    const bars = (wide, a, b) => {
      const count = Math.max(8, Math.floor(wide / BAR));
      const bins = Model.bins(model, list, a, b, count);
      const scale = Math.min((AXIS - 6) / Math.max(1, ...bins.map(([bad]) => bad)),
        (HEIGHT - FOOT - AXIS - 4) / Math.max(1, ...bins.map(([, good]) => good)));
      const step = wide / count, part = (b - a) / count;
      const made = [];
      bins.forEach(([bad, good], i) => {
        if (bad + good === 0) return;
        const up = bad ? Math.max(3, bad * scale) : 0;
        const down = good ? Math.max(2, good * scale) : 0;
        made.push(svg("g", {}, svg("title", {}, `${model.time(a + i * part, part < 1000)}: ${bad} refused, ${good} not`),
          bad ? svg("rect", { class: "bad", x: i * step, y: AXIS - up, width: Math.max(1, step - 1), height: up }) : null,
          good ? svg("rect", { class: "good", x: i * step, y: AXIS + 1, width: Math.max(1, step - 1), height: down }) : null));
      });
      return made;
    };
    const axis = (wide, a, b) => {
      const { step, at } = Model.ticks(model.start, a, b, Math.max(2, Math.floor(wide / 110)));
      const text = (t) => step < 1000 ? model.clock(t) : model.time(t, false).slice(0, step < 60000 ? undefined : -3);
      return [svg("line", { x1: 0, x2: wide, y1: AXIS + 0.5, y2: AXIS + 0.5 }),
        ...at.map((t) => {
          const x = (t - a) / (b - a) * wide;
          const anchor = x < 30 ? "start" : x > wide - 30 ? "end" : "middle";
          return svg("g", {}, svg("line", { class: "tick", x1: x, x2: x, y1: HEIGHT - FOOT, y2: HEIGHT - FOOT + 4 }),
            svg("text", { x, y: HEIGHT - 4, "text-anchor": anchor }, text(t)));
        })];
    };
    const draw = () => {
      const wide = Math.max(picture.clientWidth || 0, 200);
      const [a, b] = shown();
      picture.setAttribute("viewBox", `0 0 ${wide} ${HEIGHT}`);
      picture.replaceChildren(...bars(wide, a, b), ...axis(wide, a, b), brush);
      const inside = model.within(list, from, to);
      const bad = inside.filter(model.failed).length;
      const words = `${model.time(a, false)} to ${model.time(b, false)}`;
      picture.setAttribute("aria-label", `${words}: ${inside.length} requests, ${bad} refused`);
      said.textContent = `${words}, your time. Above the line: refused. Drag to zoom.`;
      const whole = from === null;
      for (const b of [back, forth, out, all]) b.disabled = whole;
    };
    new ResizeObserver(draw).observe(picture);
    return {
      element: el("div", { class: "timeline" }, picture, bar),
      update: (requests, newFrom, newTo) => { list = requests; from = newFrom; to = newTo; draw(); },
      scale, move,
    };
  };
  return { make };
})();
