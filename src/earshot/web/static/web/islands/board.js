// @ts-check
/**
 * Dragging the cards of the board. It decides nothing: a card that is let go ahead sends the very form that its button sends, with the stage
 * that was meant; one that is let go behind opens the form that asks for the reason. What is refused, the page says.
 *
 * [data-board-card]    a card: what its move sends, "deal:version:stage"
 * [data-board-stage]   a column: the code of its stage; [data-board-place]: where it stands in the row
 * [data-board-back]    of a card: where it is taken back
 */

/** @type {HTMLElement | null} */
let dragged = null;

/** @param {EventTarget | null} target @param {string} selector @returns {HTMLElement | null} */
function around(target, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/** @param {HTMLElement | null} column */
function mark(column) {
  for (const one of document.querySelectorAll(".board-column.is-over")) if (one !== column) one.classList.remove("is-over");
  column?.classList.add("is-over");
}

/** The column under the pointer, where the dragged card may be let go. @param {DragEvent} event @returns {HTMLElement | null} */
function goal(event) {
  const column = around(event.target, "[data-board-stage]");
  return dragged && column && column !== around(dragged, "[data-board-stage]") ? column : null;
}

document.addEventListener("dragstart", (event) => {
  dragged = around(event.target, "[data-board-card]");
  if (!dragged || !event.dataTransfer) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector(".card-title")?.textContent ?? "");
  dragged.classList.add("is-dragged");
});
document.addEventListener("dragover", (event) => {
  const column = goal(event);
  mark(column);
  if (column) event.preventDefault();
});
document.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  dragged = null;
  mark(null);
});
document.addEventListener("drop", (event) => {
  const column = goal(event);
  if (!dragged || !column) return;
  event.preventDefault();
  const from = Number(around(dragged, "[data-board-place]")?.dataset.boardPlace);
  const stage = column.dataset.boardStage ?? "";
  if (Number(column.dataset.boardPlace) > from) {
    send(dragged, stage);
  } else {
    const back = /** @type {HTMLAnchorElement | null} */ (dragged.querySelector("[data-board-back]"));
    if (!back) return;
    const address = new URL(back.href);
    address.searchParams.set("to", stage);
    location.assign(address);
  }
});

/** @param {HTMLElement} card @param {string} stage */
function send(card, stage) {
  const form = /** @type {HTMLFormElement | null} */ (card.closest("form"));
  if (!form) return;
  const [deal, version] = (card.dataset.boardCard ?? "").split(":");
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "on", value: `${deal}:${version}:${stage}` });
  form.append(field);
  form.requestSubmit();
}
