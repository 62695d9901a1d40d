// What can stand where one types in an expression: metrics of the catalogue,
// labels, and functions.

/** @import { Group } from "./types.js" */

/**
 * @typedef {object} Offer
 * @property {string} text What is put in.
 * @property {string} help
 * @property {number} start What it replaces.
 * @property {number} end
 */

/** MOST is how many are offered. */
const MOST = 12;

/** FUNCTIONS of PromQL that fit what is remembered. */
const FUNCTIONS = [
  ["sum", "Sum of series"],
  ["avg", "Mean of series"],
  ["max", "Greatest of series"],
  ["min", "Least of series"],
  ["count", "Number of series"],
  ["topk", "The greatest few"],
  ["bottomk", "The least few"],
  ["avg_over_time", "Mean over a time"],
  ["max_over_time", "Greatest over a time"],
  ["min_over_time", "Least over a time"],
  ["quantile_over_time", "Quantile over a time"],
  ["predict_linear", "Where a line goes"],
  ["deriv", "Change each second"],
  ["rate", "Growth of a counter each second"],
  ["increase", "Growth of a counter"],
  ["changes", "How often it changed"],
  ["absent", "1 where nothing is"],
];

/** OTHERS are series that the catalogue does not have. */
const OTHERS = [
  ["systant_up", "1 while a host is online, 0 while it is away"],
  ["systant_host_info", "What a host is: os, kernel, agent_version"],
  ["systant_host_tag", "1 for each tag of a host"],
];

/**
 * What is offered for the word before a place.
 * @param {string} text
 * @param {number} place
 * @param {Group[]} catalogue
 * @returns {Offer[]}
 */
export function complete(text, place, catalogue) {
  const word = /[a-zA-Z_:][\w:]*$/.exec(text.slice(0, place))?.[0] ?? "";
  if (word.length < 2) return [];
  const start = place - word.length;
  const braces = text.slice(0, start);
  const within = braces.lastIndexOf("{") > braces.lastIndexOf("}");
  const all = within ? labels(catalogue) : [...metrics(catalogue), ...OTHERS, ...FUNCTIONS];
  const low = word.toLowerCase();
  const fits = all.filter(([one, help]) => one !== word && (one.includes(low) || help.toLowerCase().includes(low)));
  const rank = (/** @type {string} */ one) => (one.startsWith(low) ? 0 : one.includes(low) ? 1 : 2);
  return fits
    .sort(([a], [b]) => rank(a) - rank(b))
    .slice(0, MOST)
    .map(([one, help]) => ({ text: one, help, start, end: place }));
}

/**
 * The series of the catalogue.
 * @param {Group[]} catalogue
 */
function metrics(catalogue) {
  return catalogue.flatMap((group) => group.metrics.map((one) => ["systant_" + one.id.replace(".", "_"), `${group.label}: ${one.label}`]));
}

/**
 * The labels that series have.
 * @param {Group[]} catalogue
 */
function labels(catalogue) {
  const instances = new Set(catalogue.map((group) => (group.instance ?? "").replaceAll(" ", "_")).filter(Boolean));
  return [["host", "Name of the host"], ...[...instances].map((one) => [one, "Instance"])];
}
