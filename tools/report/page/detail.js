// SPDX-License-Identifier: MIT
// One request with its answer: findings, what differs from one that worked, header fields, outlines.
const Detail = (() => {
  const { el, prose } = Dom;

  const terms = (...pairs) => el("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  const field = (f) => el("pre", {}, f.field, f.caret >= 0 ? ["\n", el("span", { class: "caret" }, Model.carets(f))] : null);
  const finding = (f) => el("section", { class: "card " + f.severity }, el("h4", {}, el("span", { class: "badge" }, f.severity), " ",
    f.title || "", " ", el("code", {}, f.rule)), f.field ? field(f) : null,
    terms(["seen", f.detail], ["why", f.why && prose(f.why)], ["fix", f.fix && prose(f.fix)]));

  const link = (model, at, name, open) => at === null ? name
    : el("a", { href: model.hash(at), onclick: (e) => { e.preventDefault(); open(at); } }, name);

  const differences = (model, x, open) => {
    if (!x.failed || x.probe) return null;
    if (!x.goodName) return el("p", { class: "soft" }, "No request of this kind worked in this log, so there is none to compare it with.");
    const line = (d) => el("tr", { class: d.part ? "part" : "" }, el("th", { scope: "row" }, d.what), el("td", {}, d.good), el("td", {}, d.bad));
    const matter = x.differences.filter((d) => !d.noise), noise = x.differences.filter((d) => d.noise);
    return el("section", {},
      el("h4", {}, "Compared with the last request that worked, ", link(model, x.good, x.goodName, open)),
      matter.length ? el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "most telling first"),
        el("th", { scope: "col" }, `worked (${x.goodName})`), el("th", { scope: "col" }, `failed (${x.name})`))), el("tbody", {}, matter.map(line))))
        : el("p", {}, "They do not differ in anything that is recorded and matters."),
      noise.length ? el("p", { class: "soft" }, "Differs in every request: ", noise.map((d) => d.what).join(", "), ".") : null);
  };

  // Header fields as they were sent; under one that a finding is about, its carets.
  const headers = (first, list, x, isRequest) => {
    const differ = new Set(x.differences.filter((d) => !d.noise && d.what.startsWith("header ")).map((d) => d.what.slice(7).toLowerCase()));
    const pre = el("pre", { tabindex: 0 }, el("span", { class: "first" }, first));
    for (const [name, value] of list) {
      const lower = (name || "").toLowerCase();
      const f = isRequest && x.findings.find((g) => g.field && g.field.toLowerCase().startsWith(lower + ":"));
      const marked = isRequest && differ.has(lower);
      pre.append("\n", marked ? el("span", { class: "differs", title: "not so in the request that worked" }, "\u2260 ") : "",
        el("span", { class: "name" }, name), f ? f.field.slice(name.length) : ": " + (value === null ? "(not seen)" : value));
      if (f && f.caret >= 0) pre.append("\n", el("span", { class: "caret" }, (marked ? "  " : "") + Model.carets(f)));
    }
    return pre;
  };
  const names = { bytes: "bytes of the body", "error.message": "error", "error.provider_name": "provider", "error.raw": "provider's words",
    "error.code": "error code", "error.type": "error type" };
  const outline = (list) => terms(...list.map(([name, value]) => [names[name] || name, String(value)]));

  const key = (x) => x.auth ? [["key", [x.auth.token, x.auth.key].filter(Boolean).join(", ") || "(not shown)"],
    ["in", [x.auth.carrier, x.auth.scheme && "scheme " + x.auth.scheme, x.auth.length >= 0 && x.auth.length + " bytes"].filter(Boolean).join(", ")],
    ["from", x.auth.from], ["base URL", x.auth.base]] : [["key", "none was sent"]];

  // open(at), close(), step(by): what the pane's buttons do.
  const make = (model, version, { open, close, step }) => {
    const place = el("div", { class: "place" });
    const pane = el("section", { class: "detail card", "aria-label": "request in detail", tabindex: -1, hidden: true });
    const button = (text, act, title) => el("button", { type: "button", onclick: act, title }, text);
    const show = (at) => {
      const x = model.exchange(at);
      const url = `https://${x.host}${x.port === 443 ? "" : ":" + x.port}${x.path}`;
      place.replaceChildren();
      Dom.refill(pane,
        el("div", { class: "bar" }, button("\u2191", () => step(-1), "previous request (k)"), button("\u2193", () => step(1), "next request (j)"),
          x.curl ? button("copy as curl", () => Dom.copy(x.curl, "curl command", place)) : null,
          button("copy as Markdown", () => Dom.copy(Model.markdown(x, model, version), "Markdown", place)),
          el("span", { class: "fill" }), button("close", close, "Escape")), place,
        el("h3", {}, el("span", { class: "badge " + (x.failed ? "bad" : "good") }, (x.failed ? "\u2717 " : "\u2713 ") +
          (x.status > 0 ? x.status : "no answer")), " ", el("code", { class: "url" }, x.method + " " + url)),
        el("p", { class: "soft" }, [x.verdict && x.verdict.words, x.retry && "a retry of the same request", model.fullTime(x.time), x.ms >= 0 && x.ms + " ms", x.process,
          x.client && `${x.client} (by ${x.clientBy})`, x.version && "version " + x.version, x.machine && "machine " + x.machine, x.container && "container " + x.container.slice(0, 12),
          x.ci && "CI run " + x.ci,
          "HTTP/" + x.http, x.connection >= 0 && "connection " + x.connection, `exchange ${x.name}`].filter(Boolean).join(" \u00b7 ")),
        x.failed && !x.probe && x.verdict && !x.verdict.cause ? el("p", {}, "Nothing in the bytes explains this refusal.") : null,
        x.changed ? el("p", {}, "The log has changed since: the line of this exchange could not be read any more.") : null,
        x.findings.map(finding), differences(model, x, open),
        el("div", { class: "sides" },
          el("section", {}, el("h4", {}, "Request"), headers(`${x.method} ${x.path} HTTP/${x.http}`, x.request, x, true),
            terms(...key(x)), outline(x.body)),
          el("section", {}, el("h4", {}, "Answer"), x.response ? [headers(String(x.status), x.response, x, false), outline(x.answer)]
            : el("p", {}, "There was none."))));
      pane.hidden = false;
    };
    return { element: pane, show, hide: () => { pane.hidden = true; pane.replaceChildren(); } };
  };
  return { make };
})();
