/* The public page's only script: it follows what happens. No build step: the browser gets this file, so it is short. */
(() => {
  "use strict";
  const doc = document, body = doc.body, root = doc.documentElement;
  const { slug, build } = body.dataset;
  const byId = (id) => doc.getElementById(id);
  const S = 1000;
  let seq = +body.dataset.seq || 0;

  /* Times in the visitor's zone; data-t says how much. */
  const lang = navigator.languages.find((l) => l.startsWith(root.lang)) || root.lang;
  const SHAPES = { time: { timeStyle: "short" }, full: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } };
  const format = (date, shape) => new Intl.DateTimeFormat(lang, { hourCycle: "h23", ...shape }).format(date);
  const clock = (date) => format(date, { timeStyle: "medium" });
  function localise(within) {
    for (const el of within.querySelectorAll("time[datetime*=T]")) {
      const date = new Date(el.dateTime), named = SHAPES[el.dataset.t], other = date.getFullYear() !== new Date().getFullYear();
      const shape = named?.day && other ? { ...named, year: "numeric" } : named;
      el.title = date.toISOString().slice(0, 16).replace("T", " ") + " UTC";
      if (shape) el.textContent = format(date, shape);
    }
    for (const el of within.querySelectorAll("[data-zone]")) el.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  let contact = performance.timeOrigin, ticked = Date.now(), live = false, lostTimer = 0; // it may have come slowly
  const stale = () => body.classList.contains("stale");
  function tick() {
    const now = Date.now(), age = Math.floor((now - contact) / S), el = byId("live");
    if (now - ticked > 15 * S) wake(); // we slept
    ticked = now;
    if (!el || doc.hidden) return;
    const when = age < 2 ? "just now" : age < 60 ? `${age} s ago` : `at ${clock(contact)}`;
    el.textContent = stale() ? `Reconnecting – data from ${clock(contact)}` : `Updated ${when}${live ? " · live" : ""}`;
  }
  function show(on) {
    lostTimer = clearTimeout(lostTimer);
    live = on;
    body.classList.toggle("on-air", on);
    body.classList.toggle("stale", !on);
    tick();
  }
  function heard() {
    contact = Date.now();
    show(true);
  }
  function lost() { // a hiccup is nobody's business
    if (!stale()) lostTimer ||= setTimeout(show, 1.5 * S, false);
  }

  /* Swapping parts in: focus, groups opened by hand, and the place stay. */
  const chosen = new Map();
  const FOCUSABLE = "a[href],button,summary,[tabindex]";
  function swap({ id, html }) {
    const old = byId(id);
    if (!old) return;
    const active = old.contains(doc.activeElement) && doc.activeElement, place = [...old.querySelectorAll(FOCUSABLE)].indexOf(active);
    old.outerHTML = html;
    const fresh = byId(id);
    if (!fresh) return;
    for (const details of doc.querySelectorAll("details[id]")) {
      if (chosen.has(details.id)) details.open = chosen.get(details.id);
      else if (fresh.matches("[data-open]") && details.contains(fresh)) details.open = true;
    }
    prepare(fresh.closest("li,main") || fresh.parentNode); // today's cell stands in a bar
    if (active) (byId(active.id) || fresh.querySelectorAll(FOCUSABLE)[place] || fresh).focus({ preventScroll: true });
  }
  const top = (el) => el.getBoundingClientRect().top;
  /* What screen readers are told: what is new since they were told last, at most every five seconds. */
  const saying = () => [...new Set([...doc.querySelectorAll("[data-say],#incident li:first-child :is(strong,p)")].map((el) => el.textContent.trim().replace(/\.$/, "")))].join(". ");
  const opened = () => new Map([...doc.querySelectorAll("#incidents [id^=incident-]")].map((el) => [el.id, el.querySelector("a").textContent]));
  let told = saying(), known = opened(), spoke = 0, speech = 0;
  function announce() {
    speech = 0;
    const say = saying(), open = opened();
    const those = (what, some, others) => {
      const titles = [...some].filter(([id]) => !others.has(id)).map(([, title]) => title), more = titles.length - 3;
      return titles[0] && `${what}: ${titles.slice(0, 3).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    };
    const news = [say !== told && say, those("New incident", open, known), those("No longer open", known, open)].filter(Boolean).join(". ");
    if (!news) return;
    [told, known, spoke] = [say, open, Date.now()];
    byId("announce").textContent = news;
  }
  function apply(parts) {
    const day = picked;
    const kept = scrollY && [...doc.querySelectorAll("#page [id]")].find((el) => top(el) >= 0), at = kept && top(kept);
    parts.forEach(swap);
    if (kept && byId(kept.id)) scrollBy(0, top(byId(kept.id)) - at);
    const state = doc.querySelector("[data-title]"), icon = doc.querySelector("link[rel=icon]");
    if (state) {
      doc.title = state.dataset.title;
      if (icon.getAttribute("href") !== state.dataset.icon) icon.href = state.dataset.icon;
    }
    speech ||= setTimeout(announce, Math.max(100, spoke + 5 * S - Date.now()));
    if (day) pick(day.id, day.index, day.pinned);
  }

  /* A frame: {build, seq, parts} or {reload}; at most one reload a minute. */
  let reloading = false;
  function receive(text) {
    const frame = JSON.parse(text);
    if (reloading) return;
    if (frame.reload || frame.build !== build) {
      const last = +sessionStorage.reloaded || 0;
      reloading = true;
      setTimeout(() => {
        sessionStorage.reloaded = Date.now();
        location.reload();
      }, Math.max(Math.random() * 3 * S, last + 60 * S - Date.now()));
      return;
    }
    seq = Math.max(seq, frame.seq || 0);
    if (frame.parts) apply(frame.parts);
    heard();
  }

  /* WebSocket, else Server-Sent Events, else polling; the socket is tried again every minute. When none answers: later and later, up
     to 15 s, at random, because everybody lost the server at once. */
  const url = (kind) => `/live/${slug}${kind}?seq=${seq}&build=${build}`;
  let socket, source, polling = 0, failures = 0, retry = 0, answered = false;
  const pause = () => S / 2 + Math.random() * Math.min(14.5 * S, S / 4 * 2 ** failures);
  function later() {
    clearTimeout(retry);
    retry = setTimeout(connect, answered ? 60 * S : pause());
  }
  function connect() {
    clearTimeout(retry);
    if (socket) return;
    const ws = socket = new WebSocket(location.origin.replace("http", "ws") + url(""));
    let deadline = 0, beat = 0;
    const expect = (ms) => { clearTimeout(deadline); deadline = setTimeout(drop, ms); };
    function drop() {
      if (socket !== ws) return;
      socket = null;
      clearTimeout(deadline);
      clearInterval(beat);
      ws.close();
      failures += 1;
      if (!(failures % 3 || source || polling)) follow();
      if (!answered) lost();
      later();
    }
    ws.ping = (patience) => { if (ws.readyState === 1) { ws.send("ping"); expect(patience); } };
    ws.onopen = () => {
      failures = 0;
      answered = false;
      source?.close();
      source = null;
      polling = clearTimeout(polling);
      clearTimeout(deadline);
      beat = setInterval(ws.ping, 25 * S, 10 * S);
      heard();
    };
    ws.onmessage = ({ data }) => {
      if (socket !== ws) return;
      clearTimeout(deadline);
      if (data === "pong") heard(); else receive(data);
    };
    ws.onclose = drop;
    expect(10 * S);
  }
  function follow() { // an event "ping" comes every 25 s
    const es = source = new EventSource(url("/events"));
    let silence = 0;
    const drop = () => {
      clearTimeout(silence);
      es.close();
      if (source !== es) return;
      source = null;
      if (answered) failures = 0;
      polling = setTimeout(poll, answered ? pause() : 0);
    };
    es.onopen = es.onmessage = ({ data }) => {
      answered = true;
      clearTimeout(silence);
      silence = setTimeout(drop, 40 * S);
      if (data) receive(data); else heard();
    };
    es.addEventListener("ping", es.onopen);
    es.onerror = drop;
  }
  async function poll() {
    polling = setTimeout(poll, 15 * S);
    try {
      const answer = await fetch(url("/parts"), { signal: AbortSignal.timeout(10 * S) });
      const text = answer.ok && await answer.text(), back = stale();
      if (!polling) return;
      if (!text) throw answer;
      answered = true;
      receive(text);
      if (back) connect();
    } catch {
      polling = clearTimeout(polling);
      if (answered) failures = 0;
      answered = false;
      lost();
      if (!socket) later();
    }
  }
  function wake() {
    if (socket) return socket.ping(3 * S);
    failures = 0;
    if (slug && !(source && answered)) connect();
  }

  /* The days of a bar. data-days holds runs, oldest first: "o*40 m:5400:2" is forty good days, then one with 5400 s of outage in 2
     incidents. Today stands on the cell that is swapped. */
  const STATES = { o: "operational,Operational", d: "degraded,Degraded performance", p: "partial,Partial outage", m: "major,Major outage", w: "maintenance,Under maintenance", n: "unknown,No data", u: "paused,Paused" };
  let picked = null, pop = null;
  function daysOf(bar) {
    const today = bar.querySelector("[data-day]");
    return `${bar.dataset.days} ${today ? today.dataset.day : ""}`.trim().split(" ").flatMap((run) => {
      const [day, times] = run.split("*");
      return Array(+times || 1).fill(day.split(":"));
    });
  }
  const lastOf = (bar) => daysOf(bar).length - 1;
  function prepare(within) { // a slider: screen readers know one
    localise(within);
    for (const bar of within.querySelectorAll("[data-days]")) {
      if (!bar.role) bar.setAttribute("aria-describedby", "s-" + bar.id.slice(2)); // children of a slider are not read
      Object.assign(bar, { role: "slider", tabIndex: 0, ariaLabel: `Days of ${bar.dataset.name}` });
      if (picked?.id !== bar.id) tell(bar, lastOf(bar), "Today");
    }
  }
  function tell(bar, index, called) { // what a day was, into the slider's value
    const [state, down, incidents] = daysOf(bar)[index], [name, word] = STATES[state].split(","), minutes = Math.ceil(down / 60);
    const date = new Date(Date.parse(bar.dataset.from) + index * 86400 * S), when = format(date, { dateStyle: "medium", timeZone: "UTC" });
    const length = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
    const facts = [+down && `Down for ${length}`, +incidents && `${incidents} incident${incidents > 1 ? "s" : ""}`].filter(Boolean);
    const value = { ariaValueMin: firstOf(bar) + 1, ariaValueMax: lastOf(bar) + 1, ariaValueNow: index + 1, ariaValueText: [called || when, word, ...facts].join(", ") };
    Object.assign(bar, value);
    return { name, word, when, facts, link: +incidents && date.toISOString().slice(0, 10) };
  }
  function pick(id, index, pinned) {
    unpick();
    const bar = byId(id);
    if (!bar || !daysOf(bar)[index]) return;
    const { name, word, when, facts, link } = tell(bar, index), svg = bar.firstElementChild;
    picked = { id, index, pinned };
    pop = doc.createElement("div");
    pop.className = "day-pop";
    pop.innerHTML = `<span class="when">${when}</span><span class="state" data-state="${name}"><svg class="icon" aria-hidden="true"><use href="${doc.querySelector("use").href.baseVal.split("#")[0]}#st-${name}"/></svg>${word}</span><span class="more">${facts.join(" · ")}</span>`
      + (pinned && link ? `<a href="${body.dataset.history}/${link.slice(0, 7)}#d-${link}">What happened</a>` : "");
    doc.querySelector("main").append(pop);
    svg.insertAdjacentHTML("beforeend", `<path class="cursor" d="M${index * 8 + 4} 5v18"/>`);
    const cell = svg.lastChild.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = pop;
    const left = Math.max(12, Math.min(cell.left + (cell.width - width) / 2, root.clientWidth - width - 12));
    const y = cell.top - height - 12;
    pop.style.translate = `${left + scrollX}px ${(y > 8 ? y : cell.bottom + 12) + scrollY}px`;
  }
  function unpick() {
    const bar = picked && byId(picked.id);
    pop?.remove();
    doc.querySelector(".bar .cursor")?.remove();
    picked = pop = null;
    if (bar) tell(bar, lastOf(bar), "Today");
  }
  const barAt = (event) => event.target.closest?.("[data-days]");
  function cellAt(bar, x) { // from today: the svg is cropped on the left; a cell is 8 of 28 units
    const box = bar.firstElementChild.getBoundingClientRect(), last = lastOf(bar);
    return Math.max(0, Math.min(last, last - Math.floor((box.right - x) / (box.height / 28 * 8)) || 0)); // folded, it has no size
  }
  const firstOf = (bar) => cellAt(bar, bar.firstElementChild.getBoundingClientRect().left + 1);
  const on = (name, listener, target = doc) => target.addEventListener(name, listener);
  on("pointermove", (event) => {
    const bar = barAt(event);
    if (event.pointerType === "touch" || picked?.pinned) return;
    if (bar) pick(bar.id, cellAt(bar, event.clientX)); else if (picked) unpick();
  });
  on("click", (event) => {
    const bar = barAt(event), details = event.target.closest("summary")?.parentNode;
    if (details) chosen.set(details.id, !details.open);
    if (bar) pick(bar.id, cellAt(bar, event.clientX), true);
    else if (!pop?.contains(event.target)) unpick();
  });
  on("keydown", (event) => {
    const bar = barAt(event), { key } = event;
    if (key === "Escape") unpick();
    if (!bar) return;
    if (key === "Enter") pop?.querySelector("a")?.click();
    const last = lastOf(bar), first = firstOf(bar), back = key === "ArrowLeft" || key === "ArrowDown";
    const now = picked?.id === bar.id ? picked.index : last + back;
    const to = back ? now - 1 : { ArrowRight: now + 1, ArrowUp: now + 1, Home: first, End: last }[key];
    if (to === undefined) return;
    event.preventDefault();
    pick(bar.id, Math.max(first, Math.min(last, to)), true);
  });
  on("focusout", (event) => { if (barAt(event) && !pop?.contains(event.relatedTarget)) unpick(); });
  on("focusin", (event) => { // it may have been folded, or narrower
    const bar = barAt(event);
    if (bar && picked?.id !== bar.id) tell(bar, lastOf(bar), "Today");
  });
  on("resize", unpick, window);

  on("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.getAttribute("action") !== "/theme") return;
    event.preventDefault();
    root.dataset.theme = submitter.value;
    doc.cookie = `theme=${submitter.value};path=/;max-age=31536000;samesite=lax`;
    form.querySelector(`button:not([value=${submitter.value}])`).focus();
  });

  root.style.overflowAnchor = "none"; // apply() keeps the place
  prepare(doc);
  on("online", wake, window);
  on("pageshow", (event) => event.persisted && wake(), window);
  on("visibilitychange", () => { if (!doc.hidden) { tick(); wake(); } });
  if (slug) {
    setInterval(tick, S);
    on("offline", () => { // not before the server is asked: the network may be another one now
      show(false);
      wake();
    }, window);
    connect();
  }
})();
