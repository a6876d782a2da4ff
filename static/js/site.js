// What a page can do beyond being read; everything works without it.
(() => {
  "use strict";

  // A form is sent once: the button says so and waits. Coming back by the browser's history wakes it, and so does time,
  // for an answer that is a file leaves the page standing.
  const idle = new Map();
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || event.target.method !== "post" || !button || !button.classList.contains("button")) return;
    if (idle.has(button)) return event.preventDefault();
    idle.set(button, button.textContent);
    button.setAttribute("aria-disabled", "true");
    button.textContent = "One moment …";
    setTimeout(wake, 10000);
  });
  const wake = () => {
    for (const [button, words] of idle) {
      button.removeAttribute("aria-disabled");
      button.textContent = words;
    }
    idle.clear();
  };
  addEventListener("pageshow", wake);
})();
