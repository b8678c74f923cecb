// Everything here is an enhancement: each page can be finished without it.
import { initAll } from "./govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
// Whoever speaks to a browser presses a button by the words on it. Those of GOV.UK Frontend's button of a file run into
// each other, "No file chosenChoose file", where a space is not drawn (WCAG 2.5.3).
const spaced = (scope) =>
  scope.querySelectorAll(".govuk-file-upload-button__status").forEach((status) => status.after(" "));

const wake = (scope) => {
  initAll(scope ? { scope } : undefined);
  spaced(scope ?? document);
};
wake();

// GOV.UK Frontend components that htmx brings in wake up too.
document.body.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) wake(event.target);
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

// Where a page offers single keys it says so, and can turn them off (WCAG 2.1.4). They choose and never send.
const keyed = document.querySelector("[data-keys]");
if (keyed) {
  keyed.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (keyed.dataset.keys !== "on" || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input:not([type=radio]), textarea, select, [contenteditable]")) return;
    const choice = document.querySelector(`[data-key~="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!choice) return;
    event.preventDefault();
    choice.checked = true;
    choice.focus();
  });
}
