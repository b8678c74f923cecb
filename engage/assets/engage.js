// Everything here is an enhancement: each page can be finished without it.
import { initAll } from "./govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// GOV.UK Frontend components that htmx brings in wake up too.
document.body.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) initAll({ scope: event.target });
});

// A refreshed fragment says so to a screen reader only when its words change; htmx leaves the focus where it was.
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
