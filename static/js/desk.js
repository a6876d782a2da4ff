// The desk asks before typed text would be left behind. Without script everything works but for that.
(() => {
  "use strict";
  const forms = document.querySelectorAll("form[data-typed]");
  let typed = false;
  for (const form of forms) {
    form.addEventListener("input", () => { typed = true; });
    form.addEventListener("submit", (event) => {
      if (!event.submitter || event.submitter.formTarget !== "_blank") typed = false;
    });
  }
  addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });
})();
