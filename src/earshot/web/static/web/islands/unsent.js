// @ts-check
/**
 * Asks before typing that was not sent is left behind: by a link, a reload, a closed tab. On pages that say so ([data-unsent]) alone; where
 * each row is opened on a page of its own, that is the natural way to lose work.
 */

/** @param {Element} field @returns {boolean} whether it says something else than when the page came */
function typed(field) {
  if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
  if (field instanceof HTMLSelectElement) return [...field.options].some((one) => one.selected !== one.defaultSelected) && field.dataset.unsentAsked !== undefined;
  if (!(field instanceof HTMLInputElement) || field.type === "hidden") return false;
  return field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}

let sent = false;
document.addEventListener("submit", () => (sent = true));
// A select without a chosen option shows its first one: only what somebody chose counts.
document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLSelectElement) event.target.dataset.unsentAsked = "";
});
window.addEventListener("pageshow", () => (sent = false));
window.addEventListener("beforeunload", (event) => {
  const fields = [...document.querySelectorAll("[data-unsent] form :is(input, textarea, select)")];
  if (!sent && fields.some(typed)) event.preventDefault();
});
