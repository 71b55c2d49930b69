// Makes the item page smoother; everything works without it. The question may come later than the page (reveal.js).
"use strict";
(() => {
  const findForm = () => document.getElementById("judgment");
  const listRadios = () => [...document.querySelectorAll("#judgment .scale input[type=radio]")];

  let sent = false;
  document.addEventListener("submit", (event) => {
    const form = findForm();
    if (event.target !== form) return;
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("textarea, input[type=text]");
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    const radios = listRadios();
    if (event.key >= "1" && event.key <= "5" && radios.length) {
      radios[event.key - 1].checked = true;
      radios[event.key - 1].focus();
      event.preventDefault();
    } else if (event.key === "Enter" && !event.target.matches("a, button, summary") && radios.some((radio) => radio.checked)) {
      event.preventDefault();
      findForm().requestSubmit();
    }
  });

  const showKeys = () => {
    const keys = document.querySelector("#judgment .keys");
    if (keys) keys.hidden = false;
  };
  document.addEventListener("turn", showKeys);
  showKeys();
})();
