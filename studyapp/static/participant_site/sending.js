// Sends the form with data-send and goes to the page that the server names. What cannot be sent now is kept on this
// device and sent again, with longer and longer waits, when the connection returns, and when the page is opened again.
// The server takes an answer once, so it does no harm to send one twice. Without this script the browser sends it.
// What is chosen and typed and not sent yet is kept for the tab (sessionStorage), so that a reload loses nothing of it.
"use strict";
(() => {
  const FIRST_WAIT = 1000; // ms
  const LONGEST_WAIT = 30_000;
  const PATIENCE = 20_000; // for one answer of the server
  const SLOW = 1500; // after so long it is said that something happens
  const SLOT = "byline-draft"; // one a tab
  const key = `byline-kept ${location.pathname.split("/").slice(0, 3).join("/")}`; // one a study
  const findForm = () => document.querySelector("form[data-send]");
  const addressOf = (form) => form.action.split("#")[0]; // without one, it is the page's, with where a link led on it
  let isSending = false;
  let wait = FIRST_WAIT;
  let timer = 0;

  const keep = (kept) => {
    try {
      if (kept) localStorage.setItem(key, JSON.stringify(kept));
      else localStorage.removeItem(key);
    } catch { /* no storage: the page itself still holds it */ }
  };
  const read = (open, slot) => {
    try {
      return JSON.parse(open().getItem(slot));
    } catch { // nothing of it there, or a browser that keeps nothing
      return null;
    }
  };
  const readKept = () => read(() => localStorage, key);
  const say = (form, what) => {
    const place = form.querySelector(".sending");
    const words = what ? place.dataset[what] : "";
    if (place.textContent !== words) place.textContent = words;
  };

  // The address that comes next; null where the server has something to say about the form.
  const post = async (form, body) => {
    const answer = await fetch(addressOf(form), {
      method: "POST", body, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status >= 500 || answer.status === 429) throw new Error(`the server answered ${answer.status}`);
    return answer.headers.get("Content-Type")?.startsWith("application/json") ? (await answer.json()).next : null;
  };

  const send = async (form) => {
    if (isSending) return;
    isSending = true;
    clearTimeout(timer);
    const body = new URLSearchParams(new FormData(form));
    const slow = setTimeout(() => say(form, "slow"), SLOW);
    try {
      const next = await post(form, body);
      keep(null);
      if (next) forget();
      if (next) location.assign(next); // the page is left: isSending stays true, so that nothing is sent twice
      else form.submit(); // so that the browser shows what the server says
    } catch {
      body.delete("csrfmiddlewaretoken");
      keep({ url: addressOf(form), body: body.toString() });
      say(form, "kept");
      isSending = false;
      timer = setTimeout(() => send(form), wait);
      wait = Math.min(2 * wait, LONGEST_WAIT);
    } finally {
      clearTimeout(slow);
    }
  };

  const fill = (form, values) => {
    for (const field of form.elements) {
      if (!values.has(field.name)) continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = values.getAll(field.name).includes(field.value);
      else field.value = values.get(field.name);
      if (field.type === "textarea" && field.value) field.closest("details")?.setAttribute("open", "");
    }
  };

  const nameForm = (form) => `${addressOf(form)} ${form.elements.page?.value ?? ""}`; // questions have several pages
  const draft = (form) => {
    const said = new URLSearchParams([...new FormData(form)].filter(([name]) => form.elements[name].type !== "hidden"));
    try {
      sessionStorage.setItem(SLOT, JSON.stringify({ form: nameForm(form), said: said.toString() }));
    } catch { /* a browser that keeps nothing */ }
  };
  const forget = () => {
    try {
      sessionStorage.removeItem(SLOT);
    } catch { /* as above */ }
  };
  // Tells the other scripts of what is put back, as if it had just been chosen.
  const putBack = (form) => {
    const kept = read(() => sessionStorage, SLOT);
    if (kept?.form !== nameForm(form)) return;
    fill(form, new URLSearchParams(kept.said));
    form.dispatchEvent(new Event("change", { bubbles: true }));
  };
  for (const kind of ["input", "change"]) addEventListener(kind, (event) => {
    const form = findForm();
    if (form?.contains(event.target)) draft(form);
  });

  // Put back what was kept, as it was chosen and typed, and send it.
  const takeUp = () => {
    const kept = readKept();
    const form = findForm();
    if (form) putBack(form);
    if (!kept || !form) return;
    if (kept.url !== addressOf(form)) {
      keep(null); // the server has gone on since, so it had arrived
      return;
    }
    fill(form, new URLSearchParams(kept.body));
    say(form, "kept");
    send(form);
  };

  // On the window, so that whoever fills a field at the last moment (a listener of the document) has done so.
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form !== findForm() || event.submitter?.hasAttribute("formaction")) return;
    if (isSending) {
      event.preventDefault();
      return;
    }
    if (!form.checkValidity()) return; // the server says what is missing
    event.preventDefault();
    wait = FIRST_WAIT;
    send(form);
  });
  addEventListener("online", () => {
    const form = findForm();
    if (form && readKept()) send(form);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) isSending = false;
  });
  document.addEventListener("turn", takeUp); // the question may come later than the page
  takeUp();
})();
