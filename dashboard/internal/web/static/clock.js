// The time by the dashboard's clock, which may differ from the browser's.

import { computed, signal } from "./vendor/signals.js";

/** TICK is how often relative times are computed anew. */
const TICK = 1000;

/** skew is the dashboard's clock less the browser's, in milliseconds. */
let skew = 0;

/** now is the time in milliseconds since 1970, to the second. */
export const now = signal(Date.now());

/** EVERY is how often what is live is read anew, in milliseconds. */
const EVERY = 15_000;

/** turn is when that was last due, as now, while somebody may be looking. */
export const turn = signal(due());

/** The last multiple of that. */
function due() {
  return now.peek() - (now.peek() % EVERY);
}

/** today is the day, by the browser's zone. */
export const today = computed(() => new Date(now.value).toDateString());

setInterval(() => {
  now.value = Date.now() + skew;
  if (!document.hidden) turn.value = due();
}, TICK);

/**
 * Sets the clock by the server's time, RFC 3339.
 * @param {string} time
 */
export function adjust(time) {
  const sent = Date.parse(time);
  if (Number.isNaN(sent)) return;
  skew = sent - Date.now();
  now.value = sent;
}
