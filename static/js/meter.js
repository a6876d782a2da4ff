// Asks for a closed story. The server decides, by its meter or a gift: what it gives takes the place of all below the picture.
(() => {
  "use strict";
  const article = document.querySelector("main article"), find = (name) => article.querySelector(name);
  const form = find("[data-ask]");
  if (!form) return;

  // A gift's token leaves the address at once; this entry of the history keeps it, unseen, until the story is open.
  let { gift } = history.state || {};
  if (form.elements.gift) {
    const clean = new URL(location);
    clean.searchParams.delete("gift");
    gift = form.elements.gift.value;
    history.replaceState({ gift }, "", clean);
  }

  const focus = (part) => {
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
  };
  const take = ({ access, html, line }, asked) => {
    if (gift) history.replaceState(null, "");
    gift = "";
    const template = document.createElement("template");
    template.innerHTML = html; // our own
    const wall = find(".wall"), goesAlong = asked || wall.contains(document.activeElement);
    if (access !== "open") {
      wall.replaceWith(template.content);
      if (goesAlong) focus(find(".wall h2"));
      return;
    }
    const above = find(".plate, .story-rule");
    while (above.nextSibling) above.nextSibling.remove();
    above.after(template.content);
    find("[data-line]").innerHTML = line;
    article.dispatchEvent(new CustomEvent("story:loaded", { bubbles: true }));
    if (goesAlong) focus(find(".text, .live"));
  };

  // `asked`: by the reader, whose focus then goes along; else by the page itself, once it is looked at. Then the focus
  // goes along only from what is taken away.
  let waits = false;
  const ask = async (asked) => {
    if (waits) return;
    const form = find("[data-ask]"), button = form.querySelector("button");
    waits = button.disabled = true;
    button.textContent = "One moment …";
    try {
      const headers = { Accept: "application/json" }, body = new URLSearchParams(gift ? { gift } : {});
      const answer = await fetch(form.action + location.search, { method: "POST", headers, body, signal: AbortSignal.timeout(20000) });
      if (!answer.ok) throw answer;
      take(await answer.json(), asked);
      document.dispatchEvent(new Event("meter:told"));
      waits = false;
    } catch {
      find("[data-words]").hidden = true;
      find("[data-down]").hidden = form.hidden = waits = button.disabled = false;
      button.textContent = "Try again";
      if (asked) button.focus();
    }
  };
  article.addEventListener("submit", (event) => {
    if (!("ask" in event.target.dataset)) return;
    event.preventDefault();
    ask(true);
  });
  const { ask: when } = form.dataset;
  if (!gift && (when === "click" || (when === "opened" && !/\bmasthead_gift=/.test(document.cookie)))) return;

  // Not when prerendered or in a tab behind, and after story.js, which waits to hear of the text.
  const look = () => {
    if (document.visibilityState !== "visible" || document.prerendering) return;
    for (const event of events) document.removeEventListener(event, look);
    ask(false);
  };
  const events = ["visibilitychange", "prerenderingchange"];
  for (const event of events) document.addEventListener(event, look);
  document.addEventListener("DOMContentLoaded", look, { once: true });
})();
