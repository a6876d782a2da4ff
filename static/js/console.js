// A liveblog's console: posts with Ctrl or ⌘ and Enter, stays on the page, and keeps what is typed until it has arrived.
(() => {
  "use strict";
  const box = document.querySelector("[data-console]"), post = document.getElementById("post");
  const said = box.querySelector("[data-said]");
  let sending = false;

  // The form element stays, for other scripts listen to it; its fields are the answer's.
  const fill = (form, page) => form.replaceChildren(...page.getElementById(form.id).childNodes);
  const write = () => post.querySelector("textarea")?.focus();

  const take = (form, page) => {
    if (!page.querySelector("[data-console]")) { // signed out, or broken: the answer says what to do
      throw new Error(page.querySelector("main [role=alert], main h1")?.textContent || "Something broke.");
    }
    for (const part of box.querySelectorAll("[data-part]")) {
      part.replaceWith(page.querySelector(`[data-part="${part.dataset.part}"]`));
    }
    if (form === post || !post.querySelector("textarea")?.value) fill(post, page);
    said.textContent = page.querySelector(".notice[role=status]")?.textContent || "";
    write();
  };

  const send = async (form, button) => {
    const typed = new FormData(form, button);
    sending = true;
    said.textContent = "Sending …";
    if (form === post) for (const field of form.elements) field.readOnly = true;
    try {
      const answer = await fetch(form.getAttribute("action") || location.href, {
        method: "POST",
        body: new URLSearchParams(typed),
        signal: AbortSignal.timeout(20000),
      });
      take(form, new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (failure) {
      const why = failure instanceof TypeError || failure.name === "TimeoutError" ? "No answer came." : failure.message;
      said.textContent = `Not sent. ${why} Your text is still here; send it again.`;
      for (const field of post.elements) field.readOnly = false;
      post.dispatchEvent(new Event("input")); // still typed, so leaving asks first
    }
    sending = false;
  };

  box.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!sending) send(event.target, event.submitter);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !post.contains(event.target)) return;
    event.preventDefault();
    if (["source", "headline"].some((name) => post.elements[name].value.trim())) post.requestSubmit(); // not twice, in haste
  });
  write();
})();
