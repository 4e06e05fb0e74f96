// SPDX-License-Identifier: MIT
"use strict";
(() => {
  const root = document.documentElement;
  const search = document.getElementById("search");
  const refused = document.getElementById("refused");
  const shown = document.getElementById("shown");
  const all = [...document.querySelectorAll("details.x")];
  const folds = [...document.querySelectorAll("details.more")];
  const more = all.length ? all[all.length - 1].closest("details.more") : null;
  const reveal = (x) => { if (more && more.contains(x)) more.open = true; };
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const only = refused.getAttribute("aria-pressed") === "true";
    let count = 0;
    for (const x of all) {
      const text = x.textContent.toLowerCase();
      x.hidden = (only && !x.classList.contains("bad")) || !words.every((w) => text.includes(w));
      if (!x.hidden) count++;
    }
    if (more && (only || words.length)) more.open = true;
    shown.textContent = `${count} of ${all.length}`;
  };
  const press = (button) =>
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
  const theme = () => { root.dataset.theme = dark() ? "light" : "dark"; };
  const open = () => {
    const x = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (x && x.matches("details.x")) { reveal(x); x.hidden = false; x.open = true; x.scrollIntoView(); }
  };
  const step = (by) => {
    const visible = all.filter((x) => !x.hidden);
    const at = visible.findIndex((x) => x.contains(document.activeElement));
    const next = visible[at < 0 ? 0 : Math.min(Math.max(at + by, 0), visible.length - 1)];
    if (next) { reveal(next); next.querySelector("summary").focus(); }
  };

  document.getElementById("theme").addEventListener("click", theme);
  addEventListener("hashchange", open);
  let printed = [];
  addEventListener("beforeprint", () => {
    printed = folds.concat(all.filter((x) => x.classList.contains("bad"))).filter((x) => !x.open);
    for (const x of printed) x.open = true;
  });
  addEventListener("afterprint", () => { for (const x of printed) x.open = false; });
  if (search) {
    search.addEventListener("input", filter);
    refused.addEventListener("click", () => { press(refused); filter(); });
    filter();
    open();
  }
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "Escape" && e.target === search) { search.value = ""; filter(); search.blur(); return; }
    if (e.target === search) return;
    const keys = { "t": theme, "j": () => step(1), "k": () => step(-1),
      "/": () => search && search.focus(), "f": () => refused && refused.click() };
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });
})();
