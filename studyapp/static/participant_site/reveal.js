// Fetches the next part of an article when its time has come, and the question with the last one. Without it, a button
// does the same; the time is the server's either way, which sends no part before.
"use strict";
(() => {
  const SLACK = 150; // ms beyond the server's own figure, so that the first asking is not a moment too early

  const renew = (fresh, id) => {
    const old = document.getElementById(id);
    const made = document.adoptNode(fresh.getElementById(id));
    const hadFocus = old.contains(document.activeElement);
    old.replaceWith(made);
    if (hadFocus) (made.querySelector(".ask") ?? made).focus({ preventScroll: true });
  };

  const ask = async (form) => {
    if (form.dataset.asking) return;
    form.dataset.asking = "yes";
    const failed = form.querySelector(".failed");
    failed.hidden = true;
    try {
      const answer = await fetch(location.href, { method: "POST", body: new FormData(form) });
      if (!answer.ok || new URL(answer.url).pathname !== location.pathname) {
        location.assign(answer.url);
        return;
      }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.getElementById("said").textContent = fresh.getElementById("said").textContent;
      renew(fresh, "story");
      renew(fresh, "turn");
      document.dispatchEvent(new Event("turn"));
    } catch {
      failed.hidden = false;
      delete form.dataset.asking;
    }
  };

  const begin = () => {
    const form = document.getElementById("reveal");
    if (!form) return;
    const due = performance.now() + 1000 * Number(form.dataset.wait) + SLACK;
    const seconds = form.querySelector(".seconds");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
    const tick = () => {
      if (!form.isConnected || form.dataset.asking) return;
      const left = due - performance.now();
      if (left <= 0) {
        ask(form);
        return;
      }
      if (seconds) seconds.textContent = Math.ceil((left - SLACK) / 1000);
      setTimeout(tick, Math.min(left, 500));
    };
    tick();
  };
  addEventListener("online", () => {
    const form = document.getElementById("reveal");
    if (form && !form.querySelector(".failed").hidden) ask(form);
  });

  document.addEventListener("turn", begin);
  begin();
})();
