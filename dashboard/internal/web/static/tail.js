// The last values of the watched host that this page has seen: no history,
// only what came while somebody looked.

import { signal } from "./vendor/signals.js";
/** @import { Signal } from "./vendor/signals.js" */
/** @import { Detail, Fields } from "./types.js" */

/** LENGTH is how many samples are kept. */
const LENGTH = 60;

/** FOLLOWED are the metrics kept. */
const FOLLOWED = ["cpu.usage_percent", "memory.usage_percent"];

/** last is the timestamp of the newest sample kept. */
let last = "";

/**
 * tails holds the values of each followed metric, oldest first.
 * @type {Signal<Map<string, number[]>>}
 */
export const tails = signal(new Map());

/** Forgets every value, when another host is watched. */
export function forgetTail() {
  last = "";
  tails.value = new Map();
}

/**
 * Keeps the followed values of a sample, once each.
 * @param {Detail} detail
 */
export function follow(detail) {
  const stats = detail.stats;
  const taken = detail.host.timestamp ?? "";
  if (!stats || taken === last) return;
  last = taken;
  const grown = new Map(tails.peek());
  for (const id of FOLLOWED) {
    const [group, field] = id.split(".");
    const value = /** @type {Fields | undefined} */ (stats[group])?.[field];
    if (typeof value === "number") grown.set(id, [...(grown.get(id) ?? []), value].slice(-LENGTH));
  }
  tails.value = grown;
}
