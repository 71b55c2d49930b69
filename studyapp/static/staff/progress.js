// Keeps the counts of a generation up to date; without it the page reloads itself.
"use strict";
(() => {
  const card = document.querySelector("[data-progress]");
  const EVERY = 2500; // ms
  const STATES = ["queued", "running", "done", "failed"];
  const look = (facts, path) => path.split(".").reduce((part, key) => (part ? part[key] : null), facts);
  let lastFailed = null;

  const put = (facts) => {
    card.querySelectorAll("[data-live]").forEach((element) => {
      const value = look(facts, element.dataset.live);
      if (value !== null) element.textContent = Number.isInteger(value) ? value : value.toFixed(1);
    });
    card.querySelector("[data-pace]").hidden = !facts.pace;
    const bar = card.querySelector("progress");
    bar.value = facts.totals.done;
    bar.max = facts.wanted;
    const detail = document.querySelector(".staff-steps a[aria-current] .staff-step-detail");
    if (detail) detail.lastChild.textContent = `${facts.totals.done} of ${facts.wanted} written`;
    document.querySelectorAll("[data-arm]").forEach((row) => {
      const counts = facts.arms[row.dataset.arm];
      if (counts) STATES.forEach((state, index) => { row.cells[index + 2].textContent = counts[state]; });
    });
  };

  const ask = async () => {
    const answer = await fetch(card.dataset.progress, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer && answer.ok && !answer.redirected) {
      const facts = await answer.json();
      put(facts);
      const hasNewErrors = lastFailed !== null && facts.totals.failed !== lastFailed;
      lastFailed = facts.totals.failed;
      if (!facts.is_busy || hasNewErrors) return location.reload(); // other buttons, and what the errors say
    }
    setTimeout(ask, EVERY);
  };
  setTimeout(ask, EVERY);
})();
