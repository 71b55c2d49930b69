// Counts down to the moment from which an answer is taken (a study's least reading time), and holds an answer that is
// sent before; it stays as it was chosen. Without it the server says the same, as it does where nothing was chosen yet.
// The time is the server's either way.
"use strict";
(() => {
  const SLACK = 150; // ms beyond the server's own figure, so that no answer is a moment too early
  let due = null; // while an answer cannot be sent yet

  const begin = () => {
    const pace = document.getElementById("pace");
    if (!pace) return;
    const [kept, open] = [...document.getElementById("pace-words").content.children].map((word) => word.textContent);
    const said = document.getElementById("pace-open");
    due = performance.now() + 1000 * Number(pace.dataset.wait) + SLACK;
    pace.dataset.kept = kept;
    pace.removeAttribute("role"); // else every second would be read out
    const tick = () => {
      if (!pace.isConnected) return;
      const left = due - performance.now();
      if (left > 0) {
        pace.querySelector(".seconds").textContent = Math.max(1, Math.ceil((left - SLACK) / 1000));
        setTimeout(tick, Math.min(left, 250));
        return;
      }
      due = null;
      pace.remove();
      said.textContent = open;
      said.classList.remove("unseen");
    };
    tick();
  };

  document.addEventListener("submit", (event) => {
    const isReport = event.submitter?.hasAttribute("formaction");
    if (due === null || event.target.id !== "judgment" || isReport || !event.target.checkValidity()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const pace = document.getElementById("pace");
    pace.classList.add("early");
    if (!pace.querySelector("b")) {
      const word = document.createElement("b");
      word.textContent = pace.dataset.kept;
      pace.prepend(word, " ");
    }
    document.getElementById("pace-open").textContent = pace.textContent; // unseen, for who listens
  }, { capture: true });

  document.addEventListener("turn", begin);
  begin();
})();
