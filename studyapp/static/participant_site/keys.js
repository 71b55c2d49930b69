// Keys for the answers of the form with data-keys: a number chooses one, Enter goes on (without an answer, to the page
// that says what is missing). Everything works without it.
// The form may come later than the page (reveal.js tells by the event "turn").
"use strict";
(() => {
  const OFF = "byline-keys-off";
  const findForm = () => document.querySelector("form[data-keys]");
  // Keys of one character can be turned off (WCAG 2.1.4): speech input types them by mistake.
  let areOff = false;
  try {
    areOff = localStorage.getItem(OFF) === "yes";
  } catch { /* no storage: they are on */ }

  document.addEventListener("keydown", (event) => {
    const form = findForm();
    const isTyped = event.target.matches("textarea, select, input:not([type=radio])");
    if (!form || areOff || isTyped || event.ctrlKey || event.altKey || event.metaKey) return;
    const radios = [...form.querySelectorAll(".scale input[type=radio]")];
    const chosen = radios[Number(event.key) - 1];
    if (chosen) {
      chosen.checked = true;
      chosen.dispatchEvent(new Event("change", { bubbles: true })); // as a click does, for who listens
      chosen.focus();
      event.preventDefault();
    } else if (event.key === "Enter" && radios.length && !event.target.matches("a, button, summary")) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  const swapWords = (form, button) => {
    [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
    form.classList.toggle("keys-off", areOff);
  };
  const showKeys = () => {
    const form = findForm();
    if (!form || form.classList.contains("keyed")) return;
    form.classList.add("keyed");
    const button = form.querySelector(".keys button");
    if (areOff) swapWords(form, button);
    button.addEventListener("click", () => {
      areOff = !areOff;
      swapWords(form, button);
      try {
        localStorage.setItem(OFF, areOff ? "yes" : "no");
      } catch { /* for this page only, then */ }
    });
  };
  document.addEventListener("turn", showKeys);
  showKeys();
})();
