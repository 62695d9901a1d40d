// What the page knows: one signal a host, so that a change re-renders that
// host's row and nothing else. Only live.js writes here.

import { batch, computed, signal } from "./vendor/signals.js";
/** @import { Signal } from "./vendor/signals.js" */
/** @import { Broker, Detail, Group, History, Mark, Snapshot, Summary } from "./types.js" */

/**
 * hosts holds each host's last summary, by name.
 * @type {Map<string, Signal<Summary>>}
 */
const hosts = new Map();

/** shape grows when hosts come, go or change in what order and filters use. */
export const shape = signal(0);

/** loaded tells whether a snapshot has ever come. */
export const loaded = signal(false);

/**
 * connection is the stream's state; reached is when it was last heard.
 * @type {Signal<{ up: boolean, reached: number }>}
 */
export const connection = signal({ up: true, reached: Date.now() });

/** returns grows when the dashboard is back after a while without it: what could
 * not be read then is read again. */
export const returns = signal(0);

/** outdated tells that the dashboard has become another build, which does not
 * have the scripts of this one. */
export const outdated = signal(false);

/**
 * broker is the dashboard's link to the broker, null before the first snapshot.
 * @type {Signal<Broker | null>}
 */
export const broker = signal(null);

/**
 * history is the state of what is remembered, null where nothing is.
 * @type {Signal<History | null>}
 */
export const history = signal(null);

/**
 * detail is the watched host's last sample.
 * @type {Signal<Detail | null>}
 */
export const detail = signal(null);

/**
 * catalogue describes every metric, in the order in which groups are shown.
 * @type {Signal<Group[]>}
 */
export const catalogue = signal([]);

/** old tells that values may be, because a link on their way is down. */
export const old = computed(() => !connection.value.up || broker.value?.connected === false);

/**
 * A host's summary, if there is such a host. Reading it subscribes to the
 * host's changes, or to its coming where it is unknown.
 * @param {string} name
 */
export function host(name) {
  const known = hosts.get(name);
  if (known === undefined) shape.value;
  return known?.value;
}

/**
 * A host's summary as it is now, without subscribing to it.
 * @param {string} name
 */
export function known(name) {
  return hosts.get(name)?.peek();
}

/** All summaries as they are now, without subscribing to any. */
export function summaries() {
  return [...hosts.values()].map((one) => one.peek());
}

/**
 * What a host's mark shows: silence before severity.
 * @param {Summary} summary
 * @returns {Mark}
 */
export function mark(summary) {
  return summary.state === "online" ? summary.severity : summary.state;
}

/** counts is the number of hosts by mark, and of all. */
export const counts = computed(() => {
  shape.value;
  /** @type {Record<Mark | "all", number>} */
  const count = { all: hosts.size, ok: 0, warning: 0, critical: 0, stale: 0, offline: 0 };
  for (const one of hosts.values()) count[mark(one.peek())]++;
  return count;
});

/**
 * Puts changed summaries in place.
 * @param {Summary[]} changed
 */
export function update(changed) {
  batch(() => {
    let moved = false;
    for (const summary of changed) {
      const known = hosts.get(summary.name);
      if (known === undefined) {
        hosts.set(summary.name, signal(summary));
      } else {
        moved ||= placed(known.peek()) !== placed(summary);
        known.value = summary;
      }
      moved ||= known === undefined;
    }
    if (moved) shape.value++;
  });
}

/**
 * What order and filters use of a summary, other than readings.
 * @param {Summary} summary
 */
function placed(summary) {
  return [summary.state, summary.severity, summary.os, ...(summary.tags ?? [])].join("\n");
}

/**
 * Forgets hosts.
 * @param {string[]} names
 */
export function forget(names) {
  batch(() => {
    for (const name of names) hosts.delete(name);
    shape.value++;
  });
}

/**
 * Replaces everything with a snapshot.
 * @param {Snapshot} snapshot
 */
export function replace(snapshot) {
  const sent = snapshot.hosts ?? [];
  const names = new Set(sent.map((summary) => summary.name));
  batch(() => {
    for (const name of hosts.keys()) {
      if (!names.has(name)) hosts.delete(name);
    }
    update(sent);
    shape.value++;
    broker.value = snapshot.broker;
    history.value = snapshot.history;
    detail.value = snapshot.detail;
    loaded.value = true;
  });
}

/**
 * A headline value of a host; of several instances the first sent.
 * @param {Summary} summary
 * @param {string} metric
 * @returns {number | undefined}
 */
export function reading(summary, metric) {
  return summary.readings?.find((one) => one.metric === metric)?.value;
}
