// The keys of an article's page, and of an attention check's. Everything works without it.
// The question may come later than the page (reveal.js tells by the event "turn").
"use strict";
(() => {
  const KEYS_OFF = "byline-keys-off";
  const findForm = () => document.getElementById("judgment");
  const listRadios = () => [...document.querySelectorAll("#judgment .scale input[type=radio]")];
  // Keys of one character can be turned off (WCAG 2.1.4): they get in the way of speech input.
  let keysOff = false;
  try {
    keysOff = localStorage.getItem(KEYS_OFF) === "yes";
  } catch { /* no storage: they are on */ }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("textarea, select, input:not([type=radio])");
    if (keysOff || typing || event.ctrlKey || event.altKey || event.metaKey) return;
    const radios = listRadios();
    if (radios[event.key - 1]) {
      radios[event.key - 1].checked = true;
      radios[event.key - 1].focus();
      event.preventDefault();
    } else if (event.key === "Enter" && !event.target.matches("a, button, summary") && radios.some((radio) => radio.checked)) {
      event.preventDefault();
      findForm().requestSubmit();
    }
  });

  const swapWords = (button) => {
    [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
    findForm().classList.toggle("keys-off", keysOff);
  };
  const showKeys = () => {
    const form = findForm();
    if (!form || form.classList.contains("keyed")) return;
    form.classList.add("keyed");
    const button = form.querySelector(".keys button");
    if (keysOff) swapWords(button);
    button.addEventListener("click", () => {
      keysOff = !keysOff;
      swapWords(button);
      try {
        localStorage.setItem(KEYS_OFF, keysOff ? "yes" : "no");
      } catch { /* for this page only, then */ }
    });
  };
  document.addEventListener("turn", showKeys);
  showKeys();
})();
