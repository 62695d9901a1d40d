// The time by the dashboard's clock, which may differ from the browser's.

import { signal } from "./vendor/signals.js";

/** TICK is how often relative times are computed anew. */
const TICK = 1000;

/** skew is the dashboard's clock less the browser's, in milliseconds. */
let skew = 0;

/** now is the time in milliseconds since 1970, to the second. */
export const now = signal(Date.now());

setInterval(() => (now.value = Date.now() + skew), TICK);

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
