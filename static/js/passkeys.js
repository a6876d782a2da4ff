// Passkeys: adds one, signs in or confirms with one, and offers them where the e-mail is typed. Without it, or in a
// browser that does not know them, the forms stay hidden and every other way works.
(() => {
  "use strict";
  const Key = window.PublicKeyCredential;
  if (!Key || !Key.parseRequestOptionsFromJSON || !Key.parseCreationOptionsFromJSON) return;
  const RENEW = 4 * 60 * 1000; // milliseconds; a challenge lasts five minutes
  let waiting = null; // the autofill's request: a browser takes one at a time

  class Refusal extends Error {}

  const ask = async (address, form, more = {}) => {
    const typed = new URLSearchParams(new FormData(form));
    for (const [name, value] of Object.entries(more)) typed.set(name, value);
    let answer;
    try {
      answer = await fetch(address, {method: "POST", body: typed, headers: {Accept: "application/json"}});
    } catch {
      throw new Refusal("No answer came. Look at your connection, and try again.");
    }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refusal(said.error || "Something broke on our side. Try again in a minute.");
    return said;
  };

  // True when we are led elsewhere: on, or to show first who we are.
  const led = (said) => said.to && (location.assign(said.to), true);

  const sign = async (form, request = {}) => {
    const options = await ask(form.dataset.ask, form);
    if (led(options)) return;
    const key = form.dataset.passkey === "create"
      ? await navigator.credentials.create({publicKey: Key.parseCreationOptionsFromJSON(options)})
      : await navigator.credentials.get({publicKey: Key.parseRequestOptionsFromJSON(options), ...request});
    led(await ask(form.getAttribute("action"), form, {credential: JSON.stringify(key.toJSON())}));
  };

  const why = (failure, form) => {
    if (failure instanceof Refusal) return failure.message;
    if (failure.name === "InvalidStateError") return "This device holds a passkey for your account already.";
    if (failure.name === "NotAllowedError") {
      return form.dataset.passkey === "create"
        ? "No passkey was made. The question was closed, or waited too long; try again."
        : "No passkey was used. The question was closed, or waited too long; try again.";
    }
    return "Your browser could not do this. Try again, or another way.";
  };

  const say = (form, words) => {
    const said = form.querySelector("[data-said]");
    said.hidden = !words;
    said.textContent = words;
  };

  // Passkeys among what the browser fills in: waits until one is chosen, and asks anew before the challenge ends.
  const offer = async (form, email) => {
    if (!await Key.isConditionalMediationAvailable?.()) return;
    email.setAttribute("autocomplete", "username webauthn");
    while (!form.busy) {
      waiting = new AbortController();
      const renew = setTimeout(() => waiting?.abort(), RENEW);
      try {
        await sign(form, {mediation: "conditional", signal: waiting.signal});
        return;
      } catch (failure) {
        if (failure.name === "AbortError") continue; // time for a new challenge, or the button was pressed
        if (failure instanceof Refusal) say(form, failure.message);
        return;
      } finally {
        clearTimeout(renew);
      }
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const email = "autofill" in form.dataset && document.querySelector("input[name=email]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (form.busy) return;
      form.busy = true;
      say(form, "");
      waiting?.abort();
      try {
        await sign(form);
      } catch (failure) {
        say(form, why(failure, form));
      }
      form.busy = false;
      if (email) offer(form, email);
    });
    if (email) offer(form, email);
  }
  for (const words of document.querySelectorAll("[data-without]")) words.remove();
})();
