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

// A long list of conditions is narrowed down by words; without this it is a list by topic.
document.querySelectorAll("select[data-search]").forEach((select) => {
  const box = document.createElement("div");
  const words = Object.assign(document.createElement("input"), { type: "search", className: "govuk-input", id: `${select.id}-search` });
  const label = Object.assign(document.createElement("label"), { className: "govuk-label", htmlFor: words.id, textContent: select.dataset.search });
  const found = Object.assign(document.createElement("p"), { className: "govuk-hint" });
  found.setAttribute("role", "status");
  box.className = "govuk-form-group";
  box.append(label, words, found);
  select.closest(".govuk-form-group").before(box);
  const groups = [...select.querySelectorAll("optgroup")].map((group) => [group, [...group.children]]);
  words.addEventListener("input", (event) => {
    event.stopPropagation();
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    groups.forEach(([group, options]) => {
      const kept = options.filter((option) => asked.every((word) => `${group.label} ${option.text}`.toLowerCase().includes(word)));
      group.replaceChildren(...kept);
      group.hidden = kept.length === 0;
      count += kept.length;
      if (asked.length && kept.length && count === kept.length) kept[0].selected = true;
    });
    if (!asked.length) select.value = "";
    found.textContent = asked.length ? `${count} ${count === 1 ? "condition" : "conditions"} found` : "";
  });
  words.addEventListener("change", (event) => event.stopPropagation());
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    select.closest(".engage-add").querySelector('button[value^="add"]').click();
  });
});
