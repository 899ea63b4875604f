// @ts-check
/**
 * A page that follows what happens: when the server says that something on it has changed, the page asks for itself again and takes over
 * what is different. Focus, scroll, what is unfolded and everything that is being typed stay; without a connection the page is as it was.
 *
 * body[data-live]       where this page listens; body[data-live-keep]: it shows a form (of this act) that was refused or typed before, or
 *                       an act that counts for what was read, so it is not replaced before the reader asks
 * [data-live-part]      what is taken over: the contents, the navigation
 * [data-live-changed]   the bar that says that something waits behind what is being typed; its button shows it
 * [data-live-gone]      the sign that the page is not live
 * [data-live-said]      what is read out: how much waits for the reader (body[data-live-waits]), when it has become more
 */

/** @typedef {{morph(old: Element, now: Element | string, options?: object): void}} Morphing */

const morphing = /** @type {{Idiomorph?: Morphing}} */ (/** @type {unknown} */ (globalThis)).Idiomorph;
const body = document.body;
const changed = element("[data-live-changed]");
const gone = element("[data-live-gone]");
const said = element("[data-live-said]");

const SOON = 150; // milliseconds from an event to the fetch; a burst becomes one
const SPREAD = 250; // and a random time more, so that a hundred pages do not ask in the same moment
const REST = 8; // a page rests this many times as long as the last fetch took,
const REST_AT_MOST = 10_000; // and where the server is so slow that this would be long, this long: it stays a page that follows
const PATIENCE = 6_000; // without a connection for so long, the page says so
const AT_ONCE = 400; // or for so long, where the browser itself knows that it has no network
const RETRY = [5_000, 60_000]; // a stream that was refused is tried again, ever more seldom

/** @type {EventSource | null} */
let source = null;
let since = "";
let refused = 0;
let leaving = false;
let wanted = false; // something has changed that the page does not show yet
let busy = false;
let rest = 0;
/** @type {number | undefined} */
let soon;
/** @type {number | undefined} */
let again;
/** @type {number | undefined} */
let patience;
let lost = false; // the page is not ours to see any more: shown when the reader asks
/** @type {WeakSet<Element>} forms that somebody has typed into */
const typed = new WeakSet();

/** @param {string} selector @returns {HTMLElement | null} */
function element(selector) {
  return document.querySelector(selector);
}

/** @param {HTMLElement | null} part @param {boolean} shown */
function show(part, shown) {
  if (part) part.hidden = !shown;
}

// The stream

function listen() {
  if (source || leaving || document.hidden || !body.dataset.live) return;
  clearTimeout(again);
  const address = new URL(body.dataset.live, location.href);
  if (since) address.searchParams.set("since", since);
  source = new EventSource(address);
  source.onopen = () => {
    refused = 0;
    if (wanted) look();
    clearTimeout(patience);
    patience = undefined;
    show(gone, false);
  };
  source.onmessage = (event) => {
    since = event.lastEventId || since;
    look();
  };
  source.onerror = () => {
    miss();
    if (source?.readyState === EventSource.CLOSED) {
      // Refused (signed out, too many, a proxy in the way): the browser gives up, so we come again ourselves.
      stop();
      const pause = Math.min(RETRY[0] * 2 ** refused++, RETRY[1]);
      again = setTimeout(listen, pause * (0.5 + Math.random()));
    }
  };
}

function stop() {
  source?.close();
  source = null;
}

function miss() {
  const known = !navigator.onLine;
  if (known) {
    clearTimeout(patience);
    patience = undefined;
  }
  patience ??= setTimeout(() => show(gone, !leaving && !document.hidden), known ? AT_ONCE : PATIENCE);
}

// The browser loses or finds a network. Whether the server can still be reached (it may run on this very machine), a new stream says at
// once; the old one would notice when it is written to.
for (const name of ["offline", "online"]) {
  addEventListener(name, () => {
    stop();
    if (morphing) listen();
  });
}

// Browsers hold six connections to a host. A page that nobody looks at gives its own back, and hears what it missed when it is seen again.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    listen();
    if (wanted) look();
    return;
  }
  stop();
  clearTimeout(patience);
  patience = undefined;
});
addEventListener("pagehide", () => {
  leaving = true;
  stop();
});
addEventListener("pageshow", (event) => {
  leaving = false;
  if (event.persisted) {
    wanted = true;
    look();
  }
  listen();
});
document.addEventListener("submit", () => {
  leaving = true; // the answer is another page; should it not come, the next act of the reader says that we are still here
});

// What is being typed

for (const name of ["input", "change"]) {
  document.addEventListener(name, (event) => {
    leaving = false;
    const form = event.target instanceof Element ? event.target.closest("form") : null;
    if (form) typed.add(form);
  });
}
document.addEventListener("reset", (event) => event.target instanceof Element && typed.delete(event.target));

/** Whether somebody has typed into this form: as we saw, or as the browser has put back. @param {Element} form */
function touched(form) {
  if (typed.has(form)) return true;
  return [...form.querySelectorAll("input, textarea")].some((field) =>
    field instanceof HTMLInputElement
      ? field.type !== "hidden" && (field.value !== field.defaultValue || field.checked !== field.defaultChecked)
      : field instanceof HTMLTextAreaElement && field.value !== field.defaultValue,
  );
}

/** What a reader sees of a form, without the keys that are new with every drawing. @param {Element} form */
function contents(form) {
  const copy = /** @type {Element} */ (form.cloneNode(true));
  for (const field of copy.querySelectorAll("input[type=hidden]:not([name=version])")) field.remove();
  return copy.innerHTML.replace(/\s+/g, " ");
}

// Taking over

function look() {
  wanted = true;
  if (busy || soon !== undefined || document.hidden || leaving) return;
  const pause = Math.max(SOON + Math.random() * SPREAD, rest - performance.now());
  soon = setTimeout(() => {
    soon = undefined;
    void take();
  }, pause);
}

/** @param {boolean} asked the reader wants to see it, also in the form that is being typed into: what was typed stays in it */
async function take(asked = false) {
  if (busy || document.hidden || leaving) return;
  busy = true;
  wanted = false;
  const began = performance.now();
  const answer = await fetch(location.href, { headers: { "X-Earshot-Live": "1" }, credentials: "same-origin", cache: "no-store" }).catch(() => null);
  const text = await answer?.text().catch(() => null);
  busy = false;
  rest = performance.now() + Math.min(REST * (performance.now() - began), REST_AT_MOST);
  if (leaving) return;
  if (!answer || text === null || text === undefined) {
    rest = performance.now() + RETRY[0]; // no connection
    look();
    return;
  }
  if (wanted) look(); // changed again meanwhile
  if (!answer.ok || new URL(answer.url).pathname !== location.pathname) {
    lost = true;
    show(changed, true);
  } else if ("liveKeep" in body.dataset && !asked) {
    show(changed, true);
  } else {
    replace(new DOMParser().parseFromString(text, "text/html"), asked);
  }
}

/** @param {Document} now @param {boolean} asked */
function replace(now, asked) {
  let hidden = false; // something new stands behind what is being typed
  const words = asked ? keep() : [];
  const callbacks = {
    /** @param {Node} node @param {Node} fresh */
    beforeNodeMorphed(node, fresh) {
      if (asked || !(node instanceof HTMLFormElement) || !touched(node)) return true;
      hidden ||= !(fresh instanceof HTMLFormElement) || contents(node) !== contents(fresh);
      return false;
    },
    /** @param {Node} node */
    beforeNodeRemoved(node) {
      if (!(node instanceof Element)) return true;
      if (node.matches(".notices")) return false;
      const forms = [...(node.matches("form") ? [node] : []), ...node.querySelectorAll("form")];
      const kept = forms.some(touched);
      hidden ||= kept;
      return !kept;
    },
    /** @param {string} name @param {Node} node */
    beforeAttributeUpdated(name, node) {
      return !(name === "open" && node instanceof HTMLDetailsElement);
    },
  };
  for (const part of document.querySelectorAll("[data-live-part]")) {
    const fresh = now.querySelector(`[data-live-part="${part.getAttribute("data-live-part")}"]`);
    if (fresh && morphing) morphing.morph(part, fresh.innerHTML, { morphStyle: "innerHTML", ignoreActiveValue: true, callbacks });
  }
  document.title = now.title;
  const before = Number(body.dataset.liveWaits || 0);
  const after = Number(now.body.dataset.liveWaits || 0);
  body.dataset.liveWaits = String(after);
  if (after > before && said) said.textContent = (said.dataset.liveSaid || "").replace("{n}", String(after));
  for (const restore of words) restore();
  const holds = now.body.dataset.liveKeep; // an act that counts for what was read goes on holding the page
  if (asked && holds) body.dataset.liveKeep = holds;
  else if (asked) delete body.dataset.liveKeep;
  show(changed, hidden && !asked);
}

/** What somebody has typed, as acts that put it back into the fields of the same names. @returns {(() => void)[]} */
function keep() {
  const forms = [...document.querySelectorAll("form")];
  const act = body.dataset.liveKeep;
  const held = forms.filter((form) => touched(form) || (act && form.querySelector(`[name=act][value="${CSS.escape(act)}"]`)));
  return held.flatMap((form) =>
    [...form.querySelectorAll("input:not([type=hidden]), textarea, select")].map((field) => {
      const { id } = field;
      const { value, checked } = /** @type {HTMLInputElement} */ (field);
      return () => {
        const there = /** @type {HTMLInputElement | null} */ (document.getElementById(id));
        if (!there) return;
        if (there.type !== "file" && there.value !== value) there.value = value; // a chosen file no script may put anywhere
        there.checked = checked;
        const around = there.closest("form");
        if (around) typed.add(around);
      };
    }),
  );
}

changed?.querySelector("button")?.addEventListener("click", () => {
  if (lost) location.reload();
  else void take(true);
});
if (morphing) listen();
