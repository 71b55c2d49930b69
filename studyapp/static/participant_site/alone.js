// A box that goes with no other of its question ("None of these", "Prefer not to say") takes the others away when it is
// ticked, and is taken away by them. Without it, the server says so.
"use strict";
document.addEventListener("change", ({ target }) => {
  const group = target.closest("fieldset");
  if (target.type !== "checkbox" || !target.checked || !group) return;
  for (const box of group.querySelectorAll("input[type=checkbox]:checked")) {
    if (box !== target && ("alone" in target.dataset || "alone" in box.dataset)) box.checked = false;
  }
});
