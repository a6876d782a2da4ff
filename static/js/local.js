// Dates in the reader's own time; the page has them in the publisher's.
(() => {
  "use strict";
  const localize = () => {
    for (const time of document.querySelectorAll("[data-local]")) {
      const at = new Date(time.dateTime), day = { weekday: "long", day: "numeric", month: "long" };
      const hour = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }).replace(":", ".");
      const words = at.toLocaleDateString("en-GB", day).replace(",", "");
      time.textContent = (hour === "00.00" ? words : `${words}, ${hour}`).replaceAll(" ", "\u00a0");
    }
  };
  localize();
  document.addEventListener("meter:told", localize);
})();
