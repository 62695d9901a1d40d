// The time that charts show: the last while, or a fixed one. It stands in the
// URL, so that a link shows the same.

import { computed } from "./vendor/signals.js";
import { now } from "./clock.js";
import { query, setQueries } from "./router.js";

/**
 * SPANS are the lengths to choose from, in seconds, by what they are called.
 * @type {[string, number][]}
 */
export const SPANS = [
  ["1h", 3600],
  ["6h", 6 * 3600],
  ["24h", 86400],
  ["7d", 7 * 86400],
  ["30d", 30 * 86400],
  ["90d", 90 * 86400],
  ["1y", 365 * 86400],
];

/**
 * OFFSETS are how much earlier a time beside it can be, in seconds, by what they
 * are called in the URL.
 * @type {Record<string, number>}
 */
export const OFFSETS = { day: 86400, week: 7 * 86400 };

/** FIRST is the span that is shown unless the URL says another. */
const FIRST = "1h";

/** SHORTEST is the least time that one can zoom into, in seconds. */
const SHORTEST = 30;

/**
 * @typedef {object} Range
 * @property {string} name The span's name; empty for a fixed time.
 * @property {number} span Its length in seconds.
 * @property {number} end Its end in seconds since 1970; 0 for now.
 */

/**
 * range is the time shown.
 * @type {import("./vendor/signals.js").ReadonlySignal<Range>}
 */
export const range = computed(() => {
  const [from, to, at] = ["from", "to", "at"].map(moment);
  if (from > 0 && to - from >= SHORTEST) return { name: "", span: to - from, end: to };
  const asked = query.value.get("range") ?? FIRST;
  const [name, span] = SPANS.find(([name]) => name === asked) ?? SPANS[0];
  if (at === 0) return { name, span, end: 0 };
  // The end stays while the moment moves before it, as far as the span goes.
  const stays = at <= to && at >= to - span;
  return { name, span, end: stays ? to : Math.min(now.peek() / 1000, (Math.floor(at / span) + 1) * span) };
});

/**
 * A moment in the URL, in seconds since 1970; 0 for none.
 * @param {string} key
 */
export function moment(key) {
  const asked = Number(query.value.get(key));
  return Number.isFinite(asked) && asked > 0 ? asked : 0;
}

/**
 * The first and last moment of a range as of now, in seconds since 1970.
 * @param {Range} range
 * @returns {[number, number]}
 */
export function bounds({ span, end }) {
  const last = end === 0 ? now.peek() / 1000 : end;
  return [last - span, last];
}

/**
 * Shows the last while.
 * @param {string} name
 */
export function live(name) {
  setQueries({ range: name === FIRST ? "" : name, from: "", to: "" });
}

/**
 * Shows a fixed time, in seconds since 1970.
 * @param {number} from
 * @param {number} to
 */
export function fix(from, to) {
  const middle = (from + to) / 2;
  const half = Math.max(to - from, SHORTEST) / 2;
  setQueries({ from: String(Math.floor(middle - half)), to: String(Math.ceil(middle + half)) });
}

/** Shows the span again from which one has zoomed in. */
export function unzoom() {
  setQueries({ from: "", to: "", at: "" });
}

/**
 * Moves the time by a share of its length, no later than now.
 * @param {number} share
 */
export function shift(share) {
  const [from, to] = bounds(range.peek());
  const by = Math.min(share * (to - from), now.peek() / 1000 - to);
  if (by !== 0) fix(from + by, to + by);
}

/**
 * Shows a longer or shorter time around the same middle.
 * @param {number} factor
 */
export function zoom(factor) {
  const [from, to] = bounds(range.peek());
  const more = ((to - from) * (factor - 1)) / 2;
  fix(from - more, Math.min(to + more, now.peek() / 1000));
}
