// The past of the host that is shown: as it was at a moment, and what happened
// to it. The moment stands in the URL.

import { computed, effect, signal } from "./vendor/signals.js";
import { ask } from "./ask.js";
import { query, route, setQueries } from "./router.js";
import { bounds, moment, range } from "./range.js";
import * as store from "./store.js";
/** @import { Happening, Moment } from "./types.js" */

/**
 * at is the moment that is shown, in seconds since 1970; 0 for now.
 * @type {import("./vendor/signals.js").ReadonlySignal<number>}
 */
export const at = computed(() => (route.value.page === "host" ? moment("at") : 0));

/**
 * past is the host at that moment, or why it can't be shown; null while it is
 * read, and while now is shown.
 * @type {import("./vendor/signals.js").Signal<Moment | { error: string } | null>}
 */
export const past = signal(null);

/**
 * happenings are what happened in the time that is shown, oldest first.
 * @type {import("./vendor/signals.js").Signal<Happening[]>}
 */
export const happenings = signal([]);

/**
 * listed is the host that they are of.
 * @type {string | null}
 */
let listed = null;

/**
 * Shows a moment, in the time that the charts show, which does not move with it.
 * @param {number} seconds Since 1970.
 */
export function rewind(seconds) {
  const end = Math.ceil(Math.max(bounds(range.peek())[1], seconds));
  setQueries({ at: String(Math.round(seconds * 1000) / 1000), ...(query.peek().has("from") ? {} : { to: String(end) }) });
}

/** Shows now again. */
export function resume() {
  setQueries({ at: "", ...(query.peek().has("from") ? {} : { to: "" }) });
}

/**
 * Goes to the sample before or after the one shown.
 * @param {1 | -1} step
 */
export function walk(step) {
  const shown = past.peek();
  if (at.peek() === 0) {
    const last = store.detail.peek()?.host.timestamp;
    if (step < 0 && last) rewind(Date.parse(last) / 1000);
    return;
  }
  if (shown === null || "error" in shown) return;
  const next = step < 0 ? shown.before : shown.after;
  if (next) rewind(Date.parse(next) / 1000);
  else if (step > 0) resume();
}

/** name is the host on the page. */
const name = computed(() => route.value.host);

/** told is what its summary says that only changes when something happens to it. */
const told = computed(() => {
  const one = name.value === null ? undefined : store.host(name.value);
  return one && [one.state, one.since, one.os, one.os_version, one.kernel, one.agent_version, store.detail.value?.stats?.boot_id].join();
});

/** Keeps past and happenings up to date. */
export function keepPast() {
  effect(() => {
    const [host, then] = [name.value, at.value];
    store.returns.value;
    if (host === null || then === 0) {
      past.value = null;
      return;
    }
    const stop = new AbortController();
    ask(`/api/hosts/${encodeURIComponent(host)}/moment?at=${then}`, stop.signal).then(
      (body) => (past.value = /** @type {Moment} */ (body)),
      (error) => stop.signal.aborted || (past.value = { error: String(error.message) }),
    );
    return () => stop.abort();
  });
  effect(() => {
    const [host, shown, open] = [name.value, range.value, store.history.value?.open];
    told.value;
    store.returns.value;
    if (host !== listed) happenings.value = [];
    listed = host;
    if (host === null || !open) return;
    const stop = new AbortController();
    const [from, to] = bounds(shown);
    ask(`/api/hosts/${encodeURIComponent(host)}/events?start=${from.toFixed(0)}&end=${Math.ceil(to + 1)}`, stop.signal).then(
      (body) => (happenings.value = /** @type {{ events: Happening[] }} */ (body).events),
      () => {}, // charts say what is wrong
    );
    return () => stop.abort();
  });
}
