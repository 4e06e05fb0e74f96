// SPDX-License-Identifier: MIT
"use strict";
// The requests of the page: what page_data.h describes, read, filtered and sorted. No DOM.
const Model = (() => {
  // enum page_column, in its order.
  const [FILE, NUMBER, TIME, MS, STATUS, FLAGS, WHERE, WHO, MODEL, AUTH, VERDICT, PROVIDER, REQUEST, BODY,
    RESPONSE, ANSWER, FINDINGS, CONNECTION, CURL, GOOD_FILE, GOOD_NUMBER, DIFFERENCES] = Array(22).keys();
  const FAILED = 1, PROBE = 2, CHANGED = 4, RETRY = 8;
  const OPTIONS_MAX = 200; // of one filter

  const read = (json) => {
    const data = JSON.parse(json);
    const { pool, rows, files } = data;
    const start = data.start;
    const texts = new Array(rows.length);
    const numbers = new Map(rows.map((row, at) => [row[FILE] * 2 ** 32 + row[NUMBER], at]));
    const of = (at, column) => pool[rows[at][column]];

    const fleet = new Set(rows.map((row, at) => of(at, WHO)[6])).size > 1; // of several machines

    const member = (list, name) => {
      const at = list ? list.indexOf(name) : -1;
      return at < 0 || at % 2 ? null : list[at + 1];
    };
    // Each thing that can be filtered by, as text; "" where the request has none.
    const fields = {
      cause: (at) => of(at, VERDICT) ? of(at, VERDICT)[3] || "unexplained" : "",
      status: (at) => rows[at][STATUS] > 0 ? String(rows[at][STATUS]) : "no answer",
      host: (at) => of(at, WHERE)[1] || "",
      path: (at) => of(at, WHERE)[3] || "",
      model: (at) => of(at, MODEL) || "",
      key: (at) => { const a = of(at, AUTH); return a ? a[4] || a[2] || "none" : "none"; },
      sender: (at) => { const who = of(at, WHO); return who[3] || who[0] || ""; },
      provider: (at) => of(at, PROVIDER) || "",
      carrier: (at) => { const a = of(at, AUTH); return a && a[0] || "absent"; },
      stream: (at) => { const s = member(of(at, BODY), "stream"); return s === null ? "" : String(s); },
      http: (at) => of(at, WHERE)[4] || "",
      process: (at) => { const who = of(at, WHO); return fleet && who[6] ? `${who[1]} on ${who[6]}` : String(who[1]); },
      tool: (at) => of(at, WHO)[0] || "",
      tool_version: (at) => { const who = of(at, WHO); return (who[0] || "") + (who[5] ? " " + who[5] : ""); },
      machine: (at) => of(at, WHO)[6] || "", container: (at) => of(at, WHO)[7] || "",
      boot: (at) => of(at, WHO)[8] || "", ci: (at) => of(at, WHO)[9] || "", orshim: (at) => of(at, WHO)[10] || "",
    };
    const label = (field, value) => {
      if (field !== "key") return value || "(none)";
      const at = keyed.get(value);
      return at === undefined ? value === "none" ? "no key" : value : of(at, AUTH)[2] || value;
    };
    const keyed = new Map();
    for (let at = rows.length; at-- > 0;) if (of(at, AUTH)) keyed.set(fields.key(at), at);

    // The values of FIELD with how many requests have them, most first.
    const options = (field) => {
      const counts = new Map();
      for (let at = 0; at < rows.length; at++) {
        const value = fields[field](at);
        if (value) counts.set(value, (counts.get(value) || 0) + 1);
      }
      return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, OPTIONS_MAX);
    };

    const words = (at) => {
      if (texts[at] === undefined) {
        const where = of(at, WHERE), auth = of(at, AUTH), verdict = of(at, VERDICT);
        texts[at] = [name(at), fields.status(at), where[0], where[1] + where[3], of(at, WHO)[2], of(at, WHO)[3],
          ...of(at, WHO).slice(6, 10), of(at, MODEL), of(at, PROVIDER), member(of(at, ANSWER), "error.message"),
          ...(auth ? [auth[0], auth[2], auth[4]] : ["no key"]),
          ...(verdict ? [verdict[1], verdict[3], verdict[4]] : [])].filter(Boolean).join("\n").toLowerCase();
      }
      return texts[at];
    };
    const name = (at) => (files.length > 1 ? files[rows[at][FILE]] + ":" : "") + rows[at][NUMBER];
    const failed = (at) => (rows[at][FLAGS] & FAILED) !== 0;

    // All that fit STATE but for its times: those come last, for the time axis shows the others, too.
    const filter = (state) => {
      const searched = state.search.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = [...state.is];
      const found = [];
      for (let at = 0; at < rows.length; at++) {
        if (state.failed && !failed(at)) continue;
        if (!wanted.every(([field, value]) => fields[field](at) === value)) continue;
        if (searched.length && !searched.every((w) => words(at).includes(w))) continue;
        found.push(at);
      }
      return found;
    };
    const within = (list, from, to) =>
      from === null ? list : list.filter((at) => rows[at][TIME] >= from && rows[at][TIME] <= to);

    const order = {
      status: (at) => rows[at][STATUS], time: (at) => at, ms: (at) => rows[at][MS],
      host: fields.host, path: (at) => fields.path(at), model: fields.model, sender: fields.sender,
      machine: fields.machine,
      key: (at) => label("key", fields.key(at)), cause: fields.cause,
    };
    // What has no value comes last, in both directions.
    const sorted = (list, column, down, failuresFirst) => {
      const value = new Map(list.map((at) => [at, order[column](at)]));
      const empty = (v) => v === "" || v === -1 && column !== "time";
      return list.slice().sort((a, b) => {
        if (failuresFirst && failed(a) !== failed(b)) return failed(a) ? -1 : 1;
        const x = value.get(a), y = value.get(b);
        if (x === y) return a - b;
        if (empty(x) !== empty(y)) return empty(x) ? 1 : -1;
        return (x < y) === down ? 1 : -1;
      });
    };

    const pad = (n, digits = 2) => String(n).padStart(digits, "0");
    const last = rows.reduce((most, row) => Math.max(most, row[TIME]), 0);
    const date = (ms) => new Date(start + ms);
    const day = (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
    const clock = (ms, fine = true) => {
      const d = date(ms);
      return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}` +
        (fine ? "." + pad(d.getMilliseconds(), 3) : "");
    };
    const days = start === null ? false : day(date(0)) !== day(date(last));
    // In the time zone of who reads the page.
    const time = (ms, fine) => start === null || ms < 0 ? "" :
      (days ? day(date(ms)).slice(5) + " " : "") + clock(ms, fine);
    const fullTime = (ms) => start === null || ms < 0 ? "an unknown time" :
      `${day(date(ms))} ${clock(ms)} (${date(ms).toISOString()})`;

    const pairs = (list) => {
      const made = [];
      for (let i = 0; list && i + 1 < list.length; i += 2) made.push([list[i], list[i + 1]]);
      return made;
    };
    const headers = (list) => list && pairs(list).map(([n, v]) => [pool[n], pool[v]]);
    // Everything about one request, by name.
    const exchange = (at) => {
      const row = rows[at], where = of(at, WHERE), who = of(at, WHO), auth = of(at, AUTH), verdict = of(at, VERDICT);
      return {
        at, name: name(at), file: files[row[FILE]], number: row[NUMBER], time: row[TIME], ms: row[MS],
        status: row[STATUS], failed: failed(at), probe: (row[FLAGS] & PROBE) !== 0,
        changed: (row[FLAGS] & CHANGED) !== 0, retry: (row[FLAGS] & RETRY) !== 0, method: where[0] || "?", host: where[1] || "?", port: where[2],
        path: where[3] || "", http: where[4] || "?", process: who[2], client: who[3], clientBy: who[4],
        version: who[5], machine: who[6], container: who[7], ci: who[9], model: of(at, MODEL), connection: row[CONNECTION],
        auth: auth && { carrier: auth[0], scheme: auth[1], token: auth[2], length: auth[3], key: auth[4],
          from: auth[5], base: auth[6] },
        verdict: verdict && { words: verdict[1], category: verdict[2], cause: verdict[3], title: verdict[4] },
        request: headers(of(at, REQUEST)) || [], body: pairs(of(at, BODY)),
        response: headers(of(at, RESPONSE)), answer: pairs(of(at, ANSWER)),
        findings: (of(at, FINDINGS) || []).map((n) => pool[n]).map((f) => ({ rule: f[0], severity: f[1], title: f[2],
          detail: f[3], why: f[4], fix: f[5], field: f[6], caret: f[7], caretEnd: f[8] })),
        curl: of(at, CURL),
        good: row[GOOD_NUMBER] ? find(row[GOOD_FILE], row[GOOD_NUMBER]) : null,
        goodName: row[GOOD_NUMBER] ? (files.length > 1 ? files[row[GOOD_FILE]] + ":" : "") + row[GOOD_NUMBER] : null,
        differences: (of(at, DIFFERENCES) || []).map((d) => ({ what: d[0], good: d[1], bad: d[2],
          noise: d[3] === 1, part: d[4] === 1 })),
      };
    };
    const find = (file, number) => {
      const at = numbers.get(file * 2 ** 32 + number);
      return at === undefined ? null : at;
    };

    return { rows: rows.length, total: data.total, kept: data.kept, causes: data.causes, last, start, fleet, fields, label,
      options, filter, within, sorted, exchange, find, failed, time, fullTime, clock, name,
      at: (at) => rows[at][TIME], ms: (at) => rows[at][MS], status: (at) => rows[at][STATUS],
      hash: (at) => `#x${rows[at][FILE]}-${rows[at][NUMBER]}`,
      method: (at) => of(at, WHERE)[0] || "?", who: (at) => of(at, WHO), title: (at) => (of(at, VERDICT) || [])[4],
      probe: (at) => (rows[at][FLAGS] & PROBE) !== 0, retry: (at) => (rows[at][FLAGS] & RETRY) !== 0 };
  };

  // How many of LIST lie in each of COUNT equal parts of FROM to TO: [refused, not refused] each.
  const bins = (model, list, from, to, count) => {
    const made = Array.from({ length: count }, () => [0, 0]);
    const wide = Math.max(to - from, 1) / count;
    for (const at of list) {
      const ms = model.at(at);
      if (ms < from || ms > to) continue;
      made[Math.min(count - 1, Math.floor((ms - from) / wide))][model.failed(at) ? 0 : 1]++;
    }
    return made;
  };

  // Round times between FROM and TO, at most COUNT of them: ms after the start.
  const ticks = (start, from, to, count) => {
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5,
      36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 26784e5];
    const step = steps.find((s) => (to - from) / s <= count) || 1e11;
    const zone = new Date(start + from).getTimezoneOffset() * 6e4;
    const first = Math.ceil((start + from - zone) / step) * step + zone - start;
    const made = [];
    for (let t = first; t <= to; t += step) made.push(t);
    return { step, at: made };
  };

  // Text that a paste into an issue cannot turn into anything but text.
  const markdown = (x, model, version) => {
    const fence = "~~~";
    const lines = [`### ${x.status > 0 ? x.status : "no answer"} from ${"`" + x.host.replace(/`/g, "'") + "`"}` +
      (x.verdict && x.verdict.cause ? ` [${x.verdict.cause.replace(/[^a-z0-9_]/g, "?")}]` : ""), "", fence + "text"];
    const add = (name, value) => { if (value) lines.push(name + ": " + value); };
    add("request", `${x.method} https://${x.host}${x.port === 443 ? "" : ":" + x.port}${x.path}`);
    add("answer", x.status > 0 ? `${x.status}${x.ms >= 0 ? ", " + x.ms + " ms" : ""}` : "none");
    if (x.verdict) add("who", x.verdict.words);
    add("time", model.fullTime(x.time));
    add("process", x.process);
    add("client", x.client && `${x.client} (by ${x.clientBy})`);
    add("model", x.model);
    if (x.auth) {
      add("key", [x.auth.carrier, x.auth.scheme, x.auth.token, x.auth.key].filter(Boolean).join(", "));
      add("key from", x.auth.from);
    } else add("key", "none was sent");
    for (const f of x.findings) {
      add(`${f.severity}[${f.rule}]`, f.title || "");
      if (f.field) {
        lines.push("    " + f.field);
        if (f.caret >= 0) lines.push("    " + carets(f));
      }
      add("  seen", f.detail);
    }
    for (const [name, value] of x.answer)
      if (/^error\.(message|provider_name|raw)$/.test(name)) add(name, value);
    const differ = x.differences.filter((d) => !d.noise);
    if (differ.length) lines.push(`unlike request ${x.goodName}, which worked:`);
    for (const d of differ) lines.push(`  ${d.what}: ${d.good} (worked) | ${d.bad} (failed)`);
    lines.push(fence, "", `orshim ${version}`, "");
    return lines.join("\n");
  };
  const carets = (f) => " ".repeat(f.caret) + "^" +
    (f.caretEnd > f.caret ? " ".repeat(f.caretEnd - f.caret - 1) + "^" : "");

  return { read, bins, ticks, markdown, carets };
})();
