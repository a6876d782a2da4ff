// Asks the meter for a closed story. It decides on the server: what it gives takes the place of all below the picture.
(() => {
  "use strict";
  const article = document.querySelector("main article"), form = article.querySelector("[data-ask]");
  if (!form) return;

  const button = form.querySelector("button"), down = article.querySelector("[data-down]");
  const focus = (part) => {
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
  };
  const take = ({ access, html, line }, asked) => {
    const template = document.createElement("template");
    template.innerHTML = html; // our own
    const wall = article.querySelector(".wall"), goesAlong = asked || wall.contains(document.activeElement);
    if (access !== "open") {
      wall.replaceWith(template.content);
      if (goesAlong) focus(article.querySelector(".wall h2"));
      return;
    }
    const above = article.querySelector(".plate, .story-rule");
    while (above.nextSibling) above.nextSibling.remove();
    above.after(template.content);
    article.querySelector("[data-line]").innerHTML = line;
    article.dispatchEvent(new CustomEvent("story:loaded", { bubbles: true }));
    if (goesAlong) focus(article.querySelector(".text, .live"));
  };

  // `asked`: by the reader, whose focus then goes along; else by the page itself, once it is looked at. Then the focus
  // goes along only from what is taken away.
  let waits = false;
  const ask = async (asked) => {
    if (waits) return;
    waits = button.disabled = true;
    button.textContent = "One moment …";
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(form.action + location.search, { method: "POST", headers, signal: AbortSignal.timeout(20000) });
      if (!answer.ok) throw answer;
      take(await answer.json(), asked);
      document.dispatchEvent(new Event("meter:told"));
    } catch {
      article.querySelector("[data-words]").hidden = true;
      article.querySelector("[data-words]").hidden = true;
      down.hidden = waits = button.disabled = false;
      button.textContent = "Try again";
      if (asked) button.focus();
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(true);
  });

  // Not when prerendered or in a tab behind.
  const look = () => {
    if (document.visibilityState !== "visible" || document.prerendering) return;
    for (const event of events) document.removeEventListener(event, look);
    ask(false);
  };
  const events = ["visibilitychange", "prerenderingchange"];
  for (const event of events) document.addEventListener(event, look);
  look();
})();
