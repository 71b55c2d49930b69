// Makes the setup pages smoother; everything works without it.
"use strict";
(() => {
  document.querySelectorAll("[data-only-without-script]").forEach((element) => { element.hidden = true; });

  // Markdown: what a text looks like, rendered by the server while one writes.
  const form = document.querySelector("[data-markdown-preview]");
  if (form) {
    const token = form.elements.csrfmiddlewaretoken.value;
    const render = async (area, preview) => {
      const asked = (preview.asked = (preview.asked || 0) + 1);
      const body = new URLSearchParams({ csrfmiddlewaretoken: token, text: area.value });
      const answer = await fetch(form.dataset.markdownPreview, { method: "POST", body }).catch(() => null);
      if (answer && answer.ok && asked === preview.asked) preview.innerHTML = await answer.text();
    };
    form.querySelectorAll("[data-preview-of]").forEach((preview) => {
      const area = document.getElementById(preview.dataset.previewOf);
      let timer = 0;
      area.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(() => render(area, preview), 300);
      });
    });
  }

  // The frame's own script expects another field beside every file field, and fails on ours.
  document.addEventListener("change", (event) => {
    if (event.target.matches(".staff input[type=file]")) event.stopPropagation();
  }, true);

  // A form that holds what is not saved says so before the page is left.
  document.querySelectorAll("form[method=post]").forEach((each) => {
    let dirty = false;
    each.addEventListener("input", () => { dirty = true; });
    each.addEventListener("submit", () => { dirty = false; });
    addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  });
})();
