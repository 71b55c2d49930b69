// Keys on the review page: j and k go to the next and the previous item, l says that this one is read.
"use strict";
(() => {
  const follow = (relation) => document.querySelector(`.staff-pager a[rel="${relation}"]`)?.click();
  const keys = {
    j: () => follow("next"),
    k: () => follow("prev"),
    l: () => document.getElementById("looked")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.matches("input, select, textarea, [contenteditable]")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.querySelectorAll(".staff-keys").forEach((line) => { line.hidden = false; });
})();
