// The offer page shows the sums of the edition that is chosen; without script 'Use code' does.
(() => {
  "use strict";

  const form = document.querySelector("form.offer-page");
  const choose = () => {
    const radios = [...form.querySelectorAll('input[name="edition"]')];
    const place = radios.findIndex((radio) => radio.checked);
    for (const way of form.querySelectorAll("[data-edition]")) way.hidden = way.dataset.edition !== radios[place].value;
    for (const row of form.querySelectorAll(".editions tr")) {
      [...row.cells].forEach((cell, column) => cell.classList.toggle("chosen", column === place + 1));
    }
  };
  if (form) {
    form.addEventListener("change", (event) => event.target.name === "edition" && choose());
    addEventListener("pageshow", choose); // Back restores the choice
  }

  // The receipt can be printed from the page of an order.
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
})();
