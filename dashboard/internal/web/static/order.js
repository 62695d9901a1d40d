// Which hosts the fleet shows, and in what order. Pure: the fleet decides when.

import { mark, reading } from "./store.js";
/** @import { Mark, Summary } from "./types.js" */

/**
 * @typedef {object} Choice What somebody chose to see, from the URL.
 * @property {string} text
 * @property {string} state
 * @property {string} tag
 * @property {string} os
 * @property {string} sort
 */

/**
 * SORTS are the orders, with the metric that decides where there is one.
 * @type {{ key: string, label: string, metric?: string }[]}
 */
export const SORTS = [
  { key: "worst", label: "worst first" },
  { key: "name", label: "name" },
  { key: "cpu", label: "CPU", metric: "cpu.usage_percent" },
  { key: "memory", label: "memory", metric: "memory.usage_percent" },
  { key: "disk", label: "disk", metric: "disk.usage_percent" },
];

/**
 * RANK of each mark, worst first.
 * @type {Record<Mark, number>}
 */
const RANK = { critical: 0, offline: 1, warning: 2, stale: 3, ok: 4 };

/**
 * The choice that a query holds.
 * @param {URLSearchParams} query
 * @returns {Choice}
 */
export function choice(query) {
  const value = (/** @type {string} */ key) => query.get(key) ?? "";
  return { text: value("q"), state: value("state"), tag: value("tag"), os: value("os"), sort: value("sort") || "worst" };
}

/**
 * The names of the chosen hosts in the chosen order; equals are by name.
 * @param {Summary[]} hosts
 * @param {Choice} chosen
 * @returns {string[]}
 */
export function ordered(hosts, chosen) {
  const words = chosen.text.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = hosts.filter((host) => fits(host, chosen) && words.every((word) => found(host, word)));
  const metric = SORTS.find((sort) => sort.key === chosen.sort)?.metric;
  const value = (/** @type {Summary} */ host) => (metric ? -(reading(host, metric) ?? -1) : RANK[mark(host)]);
  const byValue = chosen.sort !== "name";
  const place = places(hosts);
  return kept
    .map((host) => ({ name: host.name, value: byValue ? value(host) : 0, place: place.get(host.name) ?? 0 }))
    .sort((a, b) => a.value - b.value || a.place - b.place)
    .map((one) => one.name);
}

/**
 * known are the last places: hosts seldom come and go, and to compare the names
 * of a thousand takes ten milliseconds.
 * @type {Map<string, number>}
 */
let known = new Map();

/**
 * The place of each host by its name.
 * @param {Summary[]} hosts
 */
function places(hosts) {
  if (known.size !== hosts.length || hosts.some((host) => !known.has(host.name))) {
    known = new Map(hosts.map((host) => host.name).sort(collator.compare).map((name, i) => [name, i]));
  }
  return known;
}

/** collator sorts web-2 before web-10. */
const collator = new Intl.Collator("en", { numeric: true });

/**
 * Whether a host passes the filters.
 * @param {Summary} host
 * @param {Choice} chosen
 */
function fits(host, chosen) {
  return (
    (chosen.state === "" || mark(host) === chosen.state) &&
    (chosen.tag === "" || (host.tags ?? []).includes(chosen.tag)) &&
    (chosen.os === "" || host.os === chosen.os)
  );
}

/**
 * Whether a word stands in a host's name, tags or system.
 * @param {Summary} host
 * @param {string} word
 */
function found(host, word) {
  return [host.name, host.os ?? "", ...(host.tags ?? [])].some((text) => text.toLowerCase().includes(word));
}

/** GROUPS are what hosts can be grouped by. */
export const GROUPS = ["state", "tag", "os"];

/**
 * @typedef {object} Grouped
 * @property {string} label
 * @property {string[]} names In the order of the whole.
 * @property {number} first How many stand in groups before it.
 */

/**
 * Names in groups: by state the worst first, otherwise by name, with the rest
 * last. A host with several tags is in the group of each.
 * @param {Summary[]} hosts Those of the names, in their order.
 * @param {string} by One of GROUPS; any other has one group of all.
 * @returns {Grouped[]}
 */
export function grouped(hosts, by) {
  if (!GROUPS.includes(by)) return [{ label: "", names: hosts.map((host) => host.name), first: 0 }];
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const host of hosts) {
    for (const label of labels(host, by)) found.set(label, [...(found.get(label) ?? []), host.name]);
  }
  const rank = (/** @type {string} */ label) => (by === "state" ? RANK[/** @type {Mark} */ (label)] : Number(label.startsWith("no ")));
  let first = 0;
  return [...found]
    .sort(([a], [b]) => rank(a) - rank(b) || collator.compare(a, b))
    .map(([label, names]) => {
      const group = { label, names, first };
      first += names.length;
      return group;
    });
}

/**
 * The groups that a host is in.
 * @param {Summary} host
 * @param {string} by
 */
function labels(host, by) {
  if (by === "state") return [mark(host)];
  if (by === "os") return [host.os || "no system"];
  return host.tags?.length ? host.tags : ["no tag"];
}

/**
 * What the filters offer: each tag and each OS that some host has.
 * @param {Summary[]} hosts
 */
export function offers(hosts) {
  const sorted = (/** @type {string[]} */ all) => [...new Set(all)].filter((one) => one !== "").sort(collator.compare);
  return { tags: sorted(hosts.flatMap((host) => host.tags ?? [])), systems: sorted(hosts.map((host) => host.os ?? "")) };
}
