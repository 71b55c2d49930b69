// Sends the form with data-send and goes to the page that the server names. What cannot be sent now is kept on this
// device and sent again, with longer and longer waits, when the connection returns, and when the page is opened again.
// The server takes an answer once, so it does no harm to send one twice. Without this script the browser sends it.
"use strict";
(() => {
  const FIRST_WAIT = 1000; // ms
  const LONGEST_WAIT = 30_000;
  const PATIENCE = 20_000; // for one answer of the server
  const SLOW = 1500; // after so long it is said that something happens
  const key = `byline-kept ${location.pathname.split("/").slice(0, 3).join("/")}`; // one a study
  const findForm = () => document.querySelector("form[data-send]");
  let isSending = false;
  let wait = FIRST_WAIT;
  let timer = 0;

  const keep = (kept) => {
    try {
      if (kept) localStorage.setItem(key, JSON.stringify(kept));
      else localStorage.removeItem(key);
    } catch { /* no storage: the page itself still holds it */ }
  };
  const readKept = () => {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  };
  const say = (form, what) => {
    const place = form.querySelector(".sending");
    const words = what ? place.dataset[what] : "";
    if (place.textContent !== words) place.textContent = words;
  };

  // The address that comes next; null where the server has something to say about the form.
  const post = async (form, body) => {
    const answer = await fetch(form.action, {
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
      if (next) location.assign(next); // the page is left: isSending stays true, so that nothing is sent twice
      else form.submit(); // so that the browser shows what the server says
    } catch {
      body.delete("csrfmiddlewaretoken");
      keep({ url: form.action, body: body.toString() });
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
    }
  };

  // Put back what was kept, as it was chosen and typed, and send it.
  const takeUp = () => {
    const kept = readKept();
    const form = findForm();
    if (!kept || !form) return;
    if (kept.url !== form.action) {
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
