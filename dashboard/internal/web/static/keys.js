// Keyboard: one listener for the page. What can be moved through carries
// data-index, in order.

import { opened } from "./opened.js";
import { fleetURL, go, query, route, setQuery } from "./router.js";
import { walk } from "./rewind.js";
import { shift, unzoom, zoom } from "./range.js";

/** PREFIX_TIME is how long the first key of a pair waits for the second. */
const PREFIX_TIME = 1000;

/** prefix is when "g" was last pressed. */
let prefix = 0;

/**
 * lists are those that render only what is seen: each scrolls its own indexes
 * into view.
 * @type {Set<{ first: number, count: number, show: (index: number) => void }>}
 */
export const lists = new Set();

/** Starts to listen. */
export function listen() {
  addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    const typing = target?.matches("input:not([type=range]), select, textarea") ?? false;
    if (event.key === "Escape") return escape(target);
    if (typing || target?.closest("dialog")) return;
    if (press(event.key)) event.preventDefault();
  });
}

/**
 * Acts on a key; tells whether it means anything.
 * @param {string} key
 */
function press(key) {
  const paired = performance.now() - prefix < PREFIX_TIME;
  prefix = 0;
  if (paired && key === "f") return (go(fleetURL.peek()), true);
  if (paired && key === "c") return (go("/compare"), true);
  if (paired && key === "x") return (go("/explore"), true);
  switch (key) {
    case "g":
      prefix = performance.now();
      return true;
    case "/":
      return search();
    case "?":
      opened.value = "help";
      return true;
    case "[":
    case "]":
    case "-":
    case "=":
    case ",":
    case ".":
    case "l":
      return travel(key);
    case "j":
      return move(1);
    case "k":
      return move(-1);
  }
  return false;
}

/**
 * Changes the time that a host's charts show.
 * @param {string} key
 */
function travel(key) {
  if (route.peek().page === "fleet") return false;
  if (key === "l") unzoom();
  else if (key === "," || key === ".") walk(key === "," ? -1 : 1);
  else if (key === "[" || key === "]") shift(key === "[" ? -0.5 : 0.5);
  else zoom(key === "-" ? 2 : 0.5);
  return true;
}

/** Puts the cursor into the search, on the fleet. */
function search() {
  if (route.peek().page !== "fleet") go(fleetURL.peek());
  requestAnimationFrame(() => document.getElementById("search")?.focus());
  return true;
}

/**
 * Leaves the search: first what was typed goes, then the focus.
 * @param {HTMLElement | null} target
 */
function escape(target) {
  if (target?.id !== "search") return;
  if (query.peek().get("q")) setQuery("q", "");
  else target.blur();
}

/**
 * Moves the focus to the next or previous element with an index.
 * @param {number} step
 */
function move(step) {
  const at = document.activeElement?.closest("[data-index]");
  const now = at instanceof HTMLElement ? Number(at.dataset.index) : -1;
  const wanted = now < 0 ? 0 : now + step;
  const last = Math.max(...[...lists].map((list) => list.first + list.count - 1));
  const index = lists.size === 0 ? wanted : Math.max(0, Math.min(last, wanted));
  for (const list of lists) if (index >= list.first && index < list.first + list.count) list.show(index);
  requestAnimationFrame(() => {
    const next = document.querySelector(`[data-index="${index}"]`);
    if (!(next instanceof HTMLElement)) return;
    next.focus({ preventScroll: true });
    // All of a section where there is room, and its heading anyway.
    for (const one of [next, next.querySelector("h2") ?? next]) one.scrollIntoView({ block: "nearest" });
  });
  return true;
}
