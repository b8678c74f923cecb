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

// Browsers that can hand over a whole folder offer it.
document.querySelectorAll("[data-folder]").forEach((group) => {
  group.hidden = !("webkitdirectory" in document.createElement("input"));
});

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

// Five minutes before somebody is signed out they are told. Without this the header says until when it is.
const timeout = document.querySelector("[data-signed-out-in]");
if (timeout && timeout.showModal) {
  const WARNED = 300; // seconds
  const ends = Date.now() + 1000 * Number(timeout.dataset.signedOutIn);
  const words = timeout.querySelector("#timeout-words");
  const warn = () => { timeout.showModal(); timeout.querySelector("#timeout-title").focus(); };
  // A sleeping computer holds timers back: the clock is looked at, not counted.
  const until = (moment, act) => {
    const look = window.setInterval(() => { if (Date.now() >= moment) { window.clearInterval(look); act(); } }, 1000);
  };
  until(ends - 1000 * WARNED, warn);
  until(ends, () => {
    timeout.querySelector("#timeout-title").textContent = "You have been signed out";
    words.textContent = "What you have typed is still on this page. Send it: after you have signed in again it comes back, and you can check it before it counts.";
    if (!timeout.open) warn();
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
