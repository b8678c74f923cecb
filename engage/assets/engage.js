// Everything here is an enhancement: each page can be finished without it.
import { initAll } from "./govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// GOV.UK Frontend components that htmx brings in wake up too.
document.body.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) initAll({ scope: event.target });
});

// A table too wide for the screen scrolls by itself, and the keyboard must be able to reach it.
const reachable = () =>
  document.querySelectorAll(".engage-scroll").forEach((box) => {
    const caption = box.querySelector("caption");
    if (box.scrollWidth <= box.clientWidth || box.tabIndex === 0) return;
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    if (caption) box.setAttribute("aria-label", caption.textContent.trim());
  });
reachable();
window.addEventListener("resize", reachable);
document.body.addEventListener("htmx:load", reachable);

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
