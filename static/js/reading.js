// Aids for whoever reads a story: notes beside the text, words explained, its size, its address to pass on.
(() => {
  "use strict";
  const root = document.documentElement;

  // One bubble for notes and words. It closes with Escape, by its button or a click elsewhere, and gives the focus back.
  const bubble = document.createElement("aside");
  bubble.className = "bubble interface";
  bubble.hidden = true;
  bubble.tabIndex = -1;
  let asked = null;
  const close = (back) => {
    if (bubble.hidden) return;
    bubble.hidden = true;
    asked.setAttribute("aria-expanded", "false");
    if (back) asked.focus();
  };
  const open = (from, label, content) => {
    const again = from === asked && !bubble.hidden;
    close(again);
    if (again) return;
    asked = from;
    const shut = document.createElement("button");
    shut.type = "button";
    shut.className = "link-button bubble__close";
    shut.textContent = "Close";
    shut.addEventListener("click", () => close(true));
    bubble.replaceChildren(content, shut);
    bubble.setAttribute("role", "note");
    bubble.setAttribute("aria-label", label);
    (from.closest("p, li, blockquote, h2, h3, td, dd, figcaption") || from).after(bubble);
    bubble.hidden = false;
    from.setAttribute("aria-expanded", "true");
    bubble.focus({ preventScroll: true });
    bubble.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => event.key === "Escape" && close(true));

  document.addEventListener("click", (event) => {
    if (bubble.contains(event.target)) return;
    const mark = event.target.closest(".footnote-ref a");
    const note = mark && document.getElementById(decodeURIComponent(mark.hash.slice(1)));
    if (!note) return event.target.closest("[aria-expanded]") || close(false);
    event.preventDefault();
    const words = document.createElement("div");
    words.append(...[...note.childNodes].map((node) => node.cloneNode(true)));
    words.querySelectorAll('a[href^="#fnref"]').forEach((link) => link.remove());
    words.querySelectorAll("[id]").forEach((inner) => inner.removeAttribute("id"));
    open(mark, `Reference ${mark.textContent}`, words);
  });

  // Words of the glossary become buttons once the reader has asked for them.
  const explain = (details) => {
    for (const entry of details.querySelectorAll(".terms > div")) {
      const word = entry.querySelector("[lang]").textContent;
      for (const run of details.closest("article").querySelectorAll(".text :lang(zh)")) {
        for (const piece of [...run.childNodes]) {
          const at = piece.nodeType === 3 ? piece.data.indexOf(word) : -1;
          if (at < 0) continue;
          const rest = piece.splitText(at);
          rest.splitText(word.length);
          const button = document.createElement("button");
          button.type = "button";
          button.className = "term";
          button.setAttribute("aria-expanded", "false");
          rest.replaceWith(button);
          button.append(rest);
          button.addEventListener("click", () => {
            const list = document.createElement("dl");
            list.append(entry.cloneNode(true));
            open(button, word, list);
          });
        }
      }
    }
  };
  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (!details.matches("[data-terms]") || details.dataset.terms) return;
    details.dataset.terms = "done";
    explain(details);
  }, true);

  // The size of the text: three steps either way, kept in this browser.
  const sizes = [-1, 0, 1, 2, 3];
  const size = (step) => {
    for (const each of sizes) root.classList.toggle(`size-${each}`, each === step && step !== 0);
    try {
      if (step) localStorage.setItem("size", step); else localStorage.removeItem("size");
    } catch { /* a browser may keep nothing */ }
  };
  let step = 0;
  try { step = Math.max(-1, Math.min(3, Number(localStorage.getItem("size")) || 0)); } catch { /* likewise */ }
  if (step) size(step);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-size]");
    if (!button) return;
    step = button.dataset.size === "0" ? 0 : Math.max(-1, Math.min(3, step + Number(button.dataset.size)));
    size(step);
  });

  // Tools that need script are shown by it, also on a story that was loaded below.
  const equip = (article) => {
    for (const group of article.querySelectorAll(".text-size")) group.hidden = false;
    for (const share of article.querySelectorAll("[data-share]")) {
      const can = navigator.share || (navigator.clipboard && navigator.clipboard.writeText);
      if (!can) continue;
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link-button";
      button.textContent = navigator.share ? "Another way" : "Copy the address";
      button.addEventListener("click", async () => {
        const url = share.dataset.share;
        try {
          if (navigator.share) return await navigator.share({ title: share.dataset.title, url });
          await navigator.clipboard.writeText(url);
          button.textContent = "The address is copied";
        } catch { button.textContent = navigator.share ? "Another way" : "This browser did not allow it"; }
      });
      item.append(button);
      share.querySelector("ul").prepend(item);
    }
  };
  equip(document);
  document.addEventListener("story:loaded", (event) => equip(event.target));
})();
