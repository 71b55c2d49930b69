// Measures what a reader does on the page of a text, and sends it in one field of the answer. Everything works without.
// No keystroke and nothing of what is pasted is kept; the window and the pointer leave the browser as classes only; no
// other host is asked. What is counted before a reload is kept for the tab (sessionStorage), so that it is not lost.
"use strict";
(() => {
  const SLOT = "byline-behaviour";
  const findForm = () => document.getElementById("judgment");
  const findChoice = () => document.querySelector("#judgment .scale input:checked")?.value ?? null;
  const nameText = () => location.pathname.replace(/problem\/$/, "");
  const isInFront = () => !document.hidden && document.hasFocus();

  const recall = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(SLOT));
      if (kept?.text === nameText()) return kept;
    } catch { /* a browser that keeps nothing */ }
    try {
      return JSON.parse(findForm().elements.behaviour.defaultValue); // as it came back with the page
    } catch {
      return {};
    }
  };

  const before = recall();
  const sum = { page: 0, active: 0, losses: 0, changes: 0, pastes: 0, keyboard: false };
  for (const name in sum) if (typeof before[name] === typeof sum[name]) sum[name] = before[name];
  let openSince = performance.now();
  let activeSince = isInFront() ? openSince : null;
  let choice = findChoice();

  const secondsSince = (moment) => (moment === null ? 0 : (performance.now() - moment) / 1000);
  const measure = () => ({
    ...sum,
    page: Number((sum.page + secondsSince(openSince)).toFixed(2)),
    active: Number((sum.active + secondsSince(activeSince)).toFixed(2)),
  });
  const describe = () => ({
    ...measure(),
    viewport: innerWidth < 600 ? "narrow" : innerWidth < 1024 ? "medium" : "wide",
    pointer: ["coarse", "fine"].find((kind) => matchMedia(`(pointer: ${kind})`).matches) ?? "none",
  });
  const keep = () => {
    try {
      sessionStorage.setItem(SLOT, JSON.stringify({ text: nameText(), ...measure() }));
    } catch { /* as above */ }
  };

  const pause = () => {
    if (activeSince === null) return;
    sum.active += secondsSince(activeSince);
    activeSince = null;
    sum.losses += 1;
    keep();
  };
  const resume = () => {
    if (activeSince === null && isInFront()) activeSince = performance.now();
  };
  addEventListener("blur", pause);
  addEventListener("focus", resume);
  document.addEventListener("visibilitychange", () => (document.hidden ? pause() : resume()));
  addEventListener("pagehide", () => {
    Object.assign(sum, measure());
    openSince = activeSince = null; // leaving the page is no loss of focus
    keep();
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    openSince = performance.now();
    resume();
  });

  const look = () => {
    const now = findChoice();
    if (choice !== null && now !== null && now !== choice) sum.changes += 1;
    choice = now ?? choice;
  };
  for (const kind of ["change", "click", "keyup"]) document.addEventListener(kind, look);
  document.addEventListener("turn", look);
  document.addEventListener("paste", (event) => {
    if (event.target.name === "comment") sum.pastes += 1;
  });
  document.addEventListener("keydown", (event) => {
    const isTyped = event.target.matches("textarea, input[type=text]") || event.ctrlKey || event.altKey || event.metaKey;
    if (!isTyped && !["Shift", "Control", "Alt", "Meta"].includes(event.key)) sum.keyboard = true;
  });

  // When the answer is given, not when it arrives: one that is kept and sent later says what was so when it was given.
  document.addEventListener("submit", (event) => {
    const form = findForm();
    if (event.target !== form) return;
    look();
    form.elements.behaviour.value = JSON.stringify(describe());
  });
})();
