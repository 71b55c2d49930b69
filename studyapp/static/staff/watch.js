// Keeps the watching page up to date: asks for its sections every few seconds while the page is looked at.
"use strict";
(() => {
  const state = document.getElementById("watch-state");
  if (!state) return;
  const at = document.getElementById("watch-at");
  const note = document.getElementById("watch-note");
  const shown = {};
  const SECONDS = 5;

  const put = (sections) => {
    for (const [name, html] of Object.entries(sections)) {
      const place = document.querySelector(`[data-section="${name}"]`);
      if (!place || shown[name] === html) continue;
      shown[name] = html;
      place.innerHTML = html;
    }
  };
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(state.dataset.address, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const now = await answer.json();
      put(now.sections);
      at.textContent = now.at;
      note.textContent = ` · renewed every ${SECONDS} seconds`;
    } catch {
      note.textContent = " · could not be renewed; trying again";
    }
  };
  state.removeAttribute("role"); // the time changes all the while: nobody wants to hear it
  setInterval(ask, SECONDS * 1000);
  document.addEventListener("visibilitychange", ask);
  ask();
})();
