// The keys of an attention check: its number chooses an answer, Enter goes on. Everything works without it.
"use strict";
(() => {
  const form = document.getElementById("attention");
  const radios = [...form.querySelectorAll("input[type=radio]")];
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const chosen = radios[Number(event.key) - 1];
    if (chosen) {
      chosen.checked = true;
      chosen.focus();
      event.preventDefault();
    } else if (event.key === "Enter" && !event.target.matches("a, button, summary") && radios.some((radio) => radio.checked)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.querySelector(".keys").hidden = false;
})();
