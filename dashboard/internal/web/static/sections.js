// Turns a sample and the catalogue into the sections of a host's page. What
// the catalogue doesn't know, because the agent is newer, comes last within
// its group, with a label and a unit guessed from the field's name.

/** @import { Fields, Group, Metric, Stats } from "./types.js" */

/**
 * @typedef {object} Section One group of a sample, ready to be shown.
 * @property {string} name
 * @property {string} label
 * @property {string} instance What a row is ("mount point"); empty where the group has no instances.
 * @property {Metric[]} metrics The metrics that the sample has, in catalogue order.
 * @property {Metric[]} texts Fields that are words, with the unit "text".
 * @property {{ key: string, fields: Fields }[]} rows One without instances, else one for each.
 */

/** HEADER are the top-level fields that are no groups. */
const HEADER = new Set(["timestamp", "hostname", "boot_id", "sequence", "interval_seconds", "tags"]);

/** collator sorts eth2 before eth10. */
const collator = new Intl.Collator("en", { numeric: true });

/**
 * The sections of a sample: those of the catalogue, then unknown ones.
 * @param {Group[]} catalogue
 * @param {Stats} stats
 * @returns {Section[]}
 */
export function sections(catalogue, stats) {
  const known = catalogue.filter((group) => isFields(stats[group.name])).map((group) => listedSection(group, stats));
  const names = new Set(catalogue.map((group) => group.name));
  const unknown = Object.keys(stats).filter((name) => !names.has(name) && !HEADER.has(name) && isFields(stats[name]));
  const guessed = unknown.map((name) => guess(name, /** @type {Fields} */ (stats[name])));
  return [...known, ...guessed].filter((one) => one.rows.length > 0 && one.metrics.length + one.texts.length > 0);
}

/**
 * The section of a group that the catalogue has.
 * @param {Group} group
 * @param {Stats} stats
 */
function listedSection(group, stats) {
  const value = /** @type {Fields} */ (stats[group.name]);
  return section(group, group.instance ?? "", value, group.metrics);
}

/**
 * The section of a group that the catalogue lacks. It has instances where
 * every value is an object.
 * @param {string} name
 * @param {Fields} value
 */
function guess(name, value) {
  const instanced = Object.values(value).length > 0 && Object.values(value).every(isFields);
  return section({ name, label: words(name), metrics: [] }, instanced ? "name" : "", value, []);
}

/**
 * Builds a section.
 * @param {Group} group
 * @param {string} instance
 * @param {Fields} value
 * @param {Metric[]} metrics
 * @returns {Section}
 */
function section(group, instance, value, metrics) {
  const keys = instance === "" ? [""] : Object.keys(value).filter((key) => isFields(value[key]));
  const rows = keys
    .sort(collator.compare)
    .map((key) => ({ key, fields: /** @type {Fields} */ (key === "" && instance === "" ? value : value[key]) }));
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row.fields)))];
  const has = (/** @type {string} */ field, /** @type {(value: unknown) => boolean} */ is) => rows.some((row) => is(row.fields[field]));
  const listed = new Set(metrics.map(fieldOf));
  const extra = fields
    .filter((field) => !listed.has(field) && has(field, isNumber))
    .map((field) => ({ id: group.name + "." + field, label: words(field), unit: unit(field), help: "" }));
  const texts = fields
    .filter((field) => has(field, isText))
    .map((field) => ({ id: group.name + "." + field, label: words(field), unit: "text", help: "" }));
  const present = metrics.filter((metric) => has(fieldOf(metric), isNumber));
  return { name: group.name, label: group.label, instance, metrics: [...present, ...extra], texts, rows };
}

/**
 * A metric's key in the payload.
 * @param {Metric} metric
 */
export function fieldOf(metric) {
  return metric.id.slice(metric.id.indexOf(".") + 1);
}

/**
 * Whether a value is an object of fields.
 * @param {unknown} value
 * @returns {value is Fields}
 */
function isFields(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a value is a number.
 * @param {unknown} value
 */
function isNumber(value) {
  return typeof value === "number";
}

/**
 * Whether a value is shown as words: a flag, a text, or a list of texts.
 * @param {unknown} value
 */
function isText(value) {
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => typeof one === "string");
  return typeof value === "boolean" || (typeof value === "string" && value !== "");
}

/**
 * A text field's value as one line.
 * @param {unknown} value
 */
export function text(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" ? value : "";
}

/** SUFFIXES of field names and the units that they tell, longest first. */
const SUFFIXES = [
  ["bytes_per_second", "bytes_per_second"],
  ["bits_per_second", "bits_per_second"],
  ["per_second", "per_second"],
  ["percent", "percent"],
  ["bytes", "bytes"],
  ["bytes_total", "bytes"],
  ["seconds", "seconds"],
  ["seconds_total", "seconds"],
  ["celsius", "celsius"],
  ["hertz", "hertz"],
  ["watts", "watts"],
  ["rpm", "rpm"],
];

/**
 * The unit that a field's name tells.
 * @param {string} field
 */
function unit(field) {
  return SUFFIXES.find(([suffix]) => field === suffix || field.endsWith("_" + suffix))?.[1] ?? "count";
}

/** SHORT are the words that are written in capitals. */
const SHORT = new Set(["cpu", "gpu", "id", "io", "ip", "ipv4", "ipv6", "mac", "os", "pid", "ssid", "uuid"]);

/**
 * A field's name as words, without the unit at its end.
 * @param {string} field
 */
function words(field) {
  const suffix = SUFFIXES.find(([one]) => field.endsWith("_" + one))?.[0] ?? "";
  const bare = suffix === "" ? field : field.slice(0, -suffix.length - 1);
  const spaced = bare
    .split("_")
    .map((word) => (SHORT.has(word) ? word.toUpperCase() : word))
    .join(" ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
