// SPDX-License-Identifier: MIT
// Elements, made without ever reading text as HTML; what several parts of the page share.
const Dom = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const fill = (made, properties, children) => {
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
    return made;
  };
  const refill = (element, ...children) => { element.replaceChildren(); return fill(element, null, children); };
  const el = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
  const svg = (tag, properties, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

  // Our own prose: `code` between backticks.
  const prose = (text) => text.split("`").map((part, i, all) =>
    i % 2 && i + 1 < all.length ? el("code", {}, part) : i % 2 ? "`" + part : part);

  let status = null;
  const announce = (text) => { if (status) status.textContent = text; };
  const announceIn = (element) => { status = element; };

  // To the clipboard; where the browser refuses, the text is put where it can be copied by hand.
  const copy = async (text, name, place) => {
    try {
      await navigator.clipboard.writeText(text);
      announce(`${name} copied`);
      return;
    } catch { /* then the old way */ }
    const area = el("textarea", { class: "copied", readonly: true, "aria-label": name, rows: 6 });
    area.value = text;
    place.replaceChildren(area);
    area.select();
    if (document.execCommand("copy")) {
      place.replaceChildren();
      announce(`${name} copied`);
    } else {
      announce(`${name} is selected below: copy it by hand`);
    }
  };

  const isDark = () => document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; };

  return { el, svg, refill, prose, announce, announceIn, copy, theme };
})();
