// The suggested sums follow the rhythm, and the button says what it will do. Without script the server does both.
(() => {
  "use strict";

  const form = document.querySelector("[data-donate]");
  if (!form) return;
  const suggestions = JSON.parse(form.dataset.suggestions);
  const words = { once: "", month: " each month", year: " each year" };
  const radios = [...form.querySelectorAll('input[name="suggested"]')];
  const free = form.elements.amount;
  const button = form.querySelector("button.button--main");

  const show = () => {
    const rhythm = form.elements.frequency.value;
    const sums = suggestions[rhythm];
    radios.forEach((radio, place) => {
      radio.value = sums[place][0];
      radio.nextElementSibling.textContent = sums[place][1];
    });
    const chosen = radios.findIndex((radio) => radio.checked);
    const sum = free.value.trim() ? form.dataset.symbol + free.value.trim() : (sums[chosen] || ["", ""])[1];
    button.textContent = sum ? `Give ${sum}${words[rhythm]}` : `Give${words[rhythm]}`;
    for (const note of form.querySelectorAll("[data-rhythm]")) note.hidden = note.dataset.rhythm !== rhythm;
  };

  form.addEventListener("change", (event) => {
    if (event.target.name === "suggested") free.value = "";
    show();
  });
  free.addEventListener("input", () => {
    if (free.value.trim()) radios.forEach((radio) => { radio.checked = false; });
    show();
  });
  addEventListener("pageshow", show); // Back restores the choices
})();
