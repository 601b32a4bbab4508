/* The public page's only script. Without it the page reads whole; with it the page follows what happens:
   WebSocket first, then Server-Sent Events, then polling. No build step: this file is what the browser gets. */
(() => {
  "use strict";
  const doc = document, body = doc.body, root = doc.documentElement;
  const { slug, build } = body.dataset;
  let seq = Number(body.dataset.seq) || 0;
  const byId = (id) => doc.getElementById(id);
  const lang = root.lang || "en";
  const SECOND = 1000;

  /* ---- Times: in the visitor's zone, UTC in the title. data-t says how much to show. */
  const SHAPES = {
    time: { hour: "2-digit", minute: "2-digit" },
    day: { day: "numeric", month: "short", year: "numeric" },
    full: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  };
  const format = (shape, date) => new Intl.DateTimeFormat(lang, { hourCycle: "h23", ...shape }).format(date);
  const clock = (date) => format({ ...SHAPES.time, second: "2-digit" }, date);
  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  function duration(seconds) {
    if (seconds < 60) return plural(Math.round(seconds), "second");
    const minutes = Math.round(seconds / 60);
    if (minutes < 60) return plural(minutes, "minute");
    return `${Math.floor(minutes / 60)} h ${minutes % 60 ? `${minutes % 60} min` : ""}`.trim();
  }
  function localise(within) {
    for (const el of within.querySelectorAll("time[datetime*='T']")) {
      const date = new Date(el.dateTime);
      if (isNaN(date)) continue;
      el.title = date.toISOString().slice(0, 16).replace("T", " ") + " UTC";
      const shape = SHAPES[el.dataset.t];
      if (shape) el.textContent = format(shape, date);
    }
    for (const el of within.querySelectorAll("[data-zone]")) el.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /* ---- "updated 3 s ago · live", or how old the page is. */
  let contact = Date.now(), onAir = false, stale = false, ticked = Date.now();
  function tick() {
    const now = Date.now();
    if (now - ticked > 15 * SECOND) wake(); // the machine slept
    ticked = now;
    if (doc.hidden) return;
    const el = byId("live");
    if (!el) return;
    const age = Math.floor((now - contact) / SECOND);
    const text = stale
      ? `Reconnecting – data from ${clock(contact)}`
      : `Updated ${age < 2 ? "just now" : age < 60 ? `${age} s ago` : `at ${clock(contact)}`}${onAir ? " · live" : ""}`;
    if (el.textContent !== text) el.textContent = text;
  }
  function heard() {
    contact = Date.now();
    show(true);
  }
  let staleTimer = 0;
  function show(live) {
    clearTimeout(staleTimer);
    staleTimer = 0;
    onAir = live;
    stale = false;
    body.classList.toggle("on-air", live);
    body.classList.remove("stale");
    tick();
  }
  function lost() {
    if (stale || staleTimer) return;
    staleTimer = setTimeout(() => { // a hiccup shorter than this is nobody's business
      show(false);
      stale = true;
      body.classList.add("stale");
      tick();
    }, 1.5 * SECOND);
  }

  /* ---- Announcing: the banner's sentence, politely, at most every five seconds. */
  let announced = 0, announceTimer = 0;
  function announce() {
    clearTimeout(announceTimer);
    announceTimer = setTimeout(() => {
      announced = Date.now();
      const h1 = doc.querySelector("#banner h1"), out = byId("announce");
      if (h1 && out) out.textContent = h1.textContent;
    }, Math.max(100, announced + 5 * SECOND - Date.now()));
  }

  /* ---- Swapping parts in: focus, opened groups and the scroll position stay the reader's. */
  const chosen = new Map(); // details id → opened or closed by the reader, who wins over the server
  doc.addEventListener("click", (event) => {
    const details = event.target.closest?.("summary")?.parentElement;
    if (details?.id) chosen.set(details.id, !details.open);
  });
  const FOCUSABLE = "a[href],button,summary,input,select,textarea,[tabindex]";
  function swap({ id, html }) {
    const old = byId(id);
    if (!old) return;
    const active = old.contains(doc.activeElement) ? doc.activeElement : null;
    const place = active && [...old.querySelectorAll(FOCUSABLE)].indexOf(active);
    old.outerHTML = html;
    const fresh = byId(id);
    if (!fresh) return;
    for (const details of [fresh, ...fresh.querySelectorAll("details[id]")]) {
      if (chosen.has(details.id)) details.open = chosen.get(details.id);
    }
    // A group's summary that is no longer healthy opens its group, unless the reader closed it.
    const group = fresh.closest("details[id]");
    if (group && "open" in fresh.dataset && !chosen.has(group.id)) group.open = true;
    localise(fresh.parentNode);
    arm(fresh.parentNode);
    if (active) {
      const target = (active.id && byId(active.id)) || fresh.querySelectorAll(FOCUSABLE)[place] || fresh;
      target.focus({ preventScroll: true });
    }
  }
  function anchor() { // the first part that is in view keeps its place
    if (scrollY < 1) return null;
    for (const el of doc.querySelectorAll("#page [id]")) {
      const top = el.getBoundingClientRect().top;
      if (top >= 0 && el.getClientRects().length) return { id: el.id, top };
    }
    return null;
  }
  function apply(parts) {
    const before = byId("banner")?.querySelector("h1")?.textContent;
    const kept = anchor();
    parts.forEach(swap);
    if (kept && byId(kept.id)) scrollBy(0, byId(kept.id).getBoundingClientRect().top - kept.top);
    const banner = byId("banner");
    if (banner && banner.querySelector("h1")?.textContent !== before) announce();
    if (banner?.dataset.title) doc.title = banner.dataset.title;
    const icon = doc.querySelector("link[rel=icon]"), state = banner?.dataset.state;
    if (icon && state) {
      const kind = state === "major" ? "-major" : state === "degraded" || state === "partial" ? "-issue" : "";
      icon.href = icon.href.replace(/favicon[a-z-]*\.svg/, `favicon${kind}.svg`);
    }
    if (picked) pick(picked.id, picked.day, picked.pinned);
  }

  /* ---- A frame: {build, seq, parts} or {reload}. Another build means another page; never reload in a loop. */
  function reload() {
    const key = "pharos-reload", last = Number(sessionStorage.getItem(key)) || 0;
    const wait = Math.max(Math.random() * 3 * SECOND, last + 60 * SECOND - Date.now());
    setTimeout(() => {
      sessionStorage.setItem(key, String(Date.now()));
      location.reload();
    }, wait);
    receive = () => {};
  }
  let receive = (text) => {
    let frame;
    try { frame = JSON.parse(text); } catch { return; }
    if (frame.reload || (frame.build && frame.build !== build)) return reload();
    if (frame.seq >= seq) seq = frame.seq;
    if (frame.parts?.length) apply(frame.parts);
    heard();
  };

  /* ---- Transports. Exactly one is open; a timer brings the better one back. */
  const query = () => `?seq=${seq}&build=${encodeURIComponent(build)}`;
  const base = `/live/${slug}`;
  let socket = null, source = null, failures = 0, retry = 0, beat = 0, deadline = 0, poll = 0;

  function connect() {
    clearTimeout(retry);
    retry = 0;
    if (socket) return;
    const ws = socket = new WebSocket(location.origin.replace(/^http/, "ws") + base + query());
    const expect = (ms) => { clearTimeout(deadline); deadline = setTimeout(drop, ms); };
    const drop = () => {
      if (socket !== ws) return;
      socket = null;
      clearTimeout(deadline);
      clearInterval(beat);
      ws.onclose = ws.onmessage = ws.onerror = null;
      ws.close();
      failed();
    };
    const ping = (ms) => { ws.send("ping"); expect(ms); };
    ws.probe = () => ws.readyState === 1 && ping(3 * SECOND);
    ws.onopen = () => {
      failures = 0;
      closeFallback();
      heard();
      clearTimeout(deadline);
      beat = setInterval(() => ping(10 * SECOND), 25 * SECOND);
    };
    ws.onmessage = ({ data }) => {
      clearTimeout(deadline);
      if (data === "pong") heard(); else receive(data);
    };
    ws.onclose = ws.onerror = drop;
    expect(10 * SECOND);
  }
  function failed() {
    failures += 1;
    if (failures >= 3) {
      if (!source && !poll) follow();
      retry = setTimeout(connect, 60 * SECOND);
    } else {
      lost();
      retry = setTimeout(connect, 500 * 2 ** failures * (0.5 + Math.random()));
    }
  }
  function closeFallback() {
    source?.close();
    source = null;
    clearTimeout(poll);
    poll = 0;
  }
  function follow() { // Server-Sent Events: the server says "ping" every 25 s so that silence is noticed
    const es = source = new EventSource(`${base}/events${query()}`);
    let silence = 0;
    const listen = () => { clearTimeout(silence); silence = setTimeout(drop, 40 * SECOND); };
    const drop = () => {
      clearTimeout(silence);
      es.close();
      if (source !== es) return;
      source = null;
      ask();
    };
    es.onopen = es.onmessage = (event) => { listen(); heard(); if (event.data) receive(event.data); };
    es.addEventListener("ping", () => { listen(); heard(); });
    es.onerror = drop;
    listen();
  }
  async function ask() {
    const wasStale = stale || staleTimer;
    poll = setTimeout(ask, 15 * SECOND * (0.9 + Math.random() / 5));
    try {
      const answer = await fetch(`${base}/parts${query()}`, { cache: "no-store", signal: AbortSignal.timeout(10 * SECOND) });
      if (!answer.ok) throw 0;
      const text = await answer.text();
      if (!poll) return; // a socket opened meanwhile
      if (text) receive(text); else heard();
      if (wasStale) connect(); // the server is back
    } catch { lost(); }
  }
  function wake() {
    if (socket) return socket.probe();
    if (!source || stale) { failures = Math.min(failures, 2); connect(); }
  }
  addEventListener("online", wake);
  addEventListener("pageshow", (event) => event.persisted && wake());
  doc.addEventListener("visibilitychange", () => { if (!doc.hidden) { tick(); wake(); } });

  /* ---- The days of a bar: hover, tap and arrow keys. data-days holds runs, oldest first:
     "o*40 m:5400:2" is forty good days and one with 5400 s of outage in 2 incidents; today is on the t- cell. */
  const WORDS = { o: "operational", d: "degraded", p: "partial", m: "major", w: "maintenance", n: "unknown", u: "paused" };
  const NAMES = { o: "Operational", d: "Degraded performance", p: "Partial outage", m: "Major outage", w: "Maintenance", n: "No data", u: "Paused" };
  const DAY = 24 * 3600 * SECOND;
  let picked = null, pop = null;
  function daysOf(bar) {
    const days = [];
    for (const token of bar.dataset.days.split(" ")) {
      const [what, times] = token.split("*"), [state, down, incidents] = what.split(":");
      for (let i = 0; i < (times || 1); i += 1) days.push({ state, down: Number(down), incidents: Number(incidents) });
    }
    const today = bar.querySelector("[data-day]");
    if (today) {
      const [state, down, incidents] = today.dataset.day.split(":");
      days.push({ state, down: Number(down), incidents: Number(incidents) });
    }
    const from = Date.parse(bar.dataset.from);
    days.forEach((day, i) => { day.date = new Date(from + i * DAY); });
    return days;
  }
  function arm(within) { // bars become a slider over days: arrow keys and screen readers know how to use one
    for (const bar of within.querySelectorAll("[data-days]")) {
      if (bar.tabIndex === 0) continue;
      const count = daysOf(bar).length;
      const attributes = { role: "slider", "aria-label": `Days of ${bar.dataset.name}`, "aria-valuemin": 1, "aria-valuemax": count, "aria-valuenow": count, "aria-valuetext": "today", tabindex: 0 };
      for (const [name, value] of Object.entries(attributes)) bar.setAttribute(name, value);
    }
  }
  const el = (name, className, text) => {
    const node = doc.createElement(name);
    node.className = className;
    node.textContent = text;
    return node;
  };
  const told = (day) => [
    day.down ? `Down for ${duration(day.down)}` : "",
    day.incidents ? plural(day.incidents, "incident") : "",
  ].filter(Boolean).join(" · ");
  function pick(id, index, pinned) {
    const bar = byId(id), svg = bar?.querySelector("svg");
    if (!svg) return unpick();
    const days = daysOf(bar), day = days[index];
    if (!day) return unpick();
    unpick();
    picked = { id, day: index, pinned };
    const date = format({ weekday: "short", ...SHAPES.day, timeZone: "UTC" }, day.date), facts = told(day);
    bar.setAttribute("aria-valuenow", index + 1);
    bar.setAttribute("aria-valuetext", [date, NAMES[day.state], facts].filter(Boolean).join(", "));
    pop = el("div", "day-pop", "");
    const state = el("span", "state", NAMES[day.state]);
    state.dataset.state = WORDS[day.state];
    state.insertAdjacentHTML("afterbegin", `<svg class="icon" aria-hidden="true"><use href="/icons.svg#st-${WORDS[day.state]}"/></svg>`);
    pop.append(el("span", "when", date), state);
    if (facts) pop.append(el("span", "more", facts));
    if (pinned && day.incidents) {
      const link = el("a", "", "What happened");
      const iso = day.date.toISOString();
      link.href = `${body.dataset.history || "/history"}/${iso.slice(0, 7)}#d-${iso.slice(0, 10)}`;
      pop.append(link);
    }
    body.append(pop);
    const pitch = svg.viewBox.baseVal.width / days.length;
    svg.insertAdjacentHTML("beforeend", `<path class="cursor" d="M${(index + 0.5) * pitch} 5v18"/>`);
    const box = svg.getBoundingClientRect(), cell = svg.lastChild.getBoundingClientRect();
    const width = pop.offsetWidth, middle = (cell.left + cell.right) / 2;
    const left = Math.max(12, Math.min(middle - width / 2, innerWidth - width - 12));
    const above = box.top - pop.offsetHeight - 8, top = above > 8 ? above : box.bottom + 8;
    pop.style.translate = `${left + scrollX}px ${top + scrollY}px`;
  }
  function unpick() {
    pop?.remove();
    doc.querySelector(".bar .cursor")?.remove();
    picked = pop = null;
  }
  function cellAt(bar, x) { // the svg is cropped on the left, so count from today
    const svg = bar.querySelector("svg"), box = svg.getBoundingClientRect(), count = daysOf(bar).length;
    const scale = Math.max(box.width / svg.viewBox.baseVal.width, box.height / svg.viewBox.baseVal.height);
    return Math.max(0, Math.min(count - 1, count - 1 - Math.floor((box.right - x) / (scale * svg.viewBox.baseVal.width / count))));
  }
  const barAt = (event) => event.target.closest?.("[data-days]");
  doc.addEventListener("pointermove", (event) => {
    const bar = barAt(event);
    if (event.pointerType === "touch" || picked?.pinned) return;
    if (!bar) return picked && !doc.activeElement.matches("[data-days]") ? unpick() : undefined;
    const day = cellAt(bar, event.clientX);
    if (picked?.id !== bar.id || picked.day !== day) pick(bar.id, day, false);
  });
  doc.addEventListener("click", (event) => {
    const bar = barAt(event);
    if (bar) pick(bar.id, cellAt(bar, event.clientX), true);
    else if (!event.target.closest?.(".day-pop")) unpick();
  });
  doc.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return unpick();
    const bar = barAt(event);
    if (!bar) return;
    const last = daysOf(bar).length - 1, at = picked?.id === bar.id ? picked.day : null;
    const to = { ArrowLeft: at === null ? last : at - 1, ArrowRight: at === null ? last : at + 1, Home: 0, End: last, PageUp: (at ?? last) - 7, PageDown: (at ?? last) + 7 }[event.key];
    if (event.key === "Enter") pop?.querySelector("a")?.click();
    if (to === undefined) return;
    event.preventDefault();
    pick(bar.id, Math.max(0, Math.min(last, to)), true);
  });
  doc.addEventListener("focusout", (event) => { if (barAt(event) && !pop?.contains(event.relatedTarget)) unpick(); });
  addEventListener("resize", unpick);

  /* ---- Theme: the form works without us; with us it does not reload. */
  doc.addEventListener("submit", (event) => {
    const { form, value } = { form: event.target, value: event.submitter?.value };
    if (form.getAttribute("action") !== "/theme" || !value) return;
    event.preventDefault();
    doc.cookie = `theme=${value};path=/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
    root.dataset.theme = value;
    form.querySelector(`button:not([value="${value}"])`)?.focus();
  });

  root.style.overflowAnchor = "none"; // apply() keeps the place itself, in every browser alike
  localise(doc);
  arm(doc);
  if (slug) {
    setInterval(tick, SECOND);
    connect();
  }
})();
