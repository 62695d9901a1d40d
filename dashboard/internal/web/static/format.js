// Numbers as people read them: a formatter for each unit of the catalogue.
// The widest text of a unit is reserved in CSS, so none of these pads.

/** THIN parts a number from its unit. */
export const THIN = "\u2009";

/** IEC are the binary prefixes, from one up. */
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** DECIMAL are the decimal prefixes, from one up. */
const DECIMAL = ["", "k", "M", "G", "T", "P", "E"];

/**
 * Three significant digits, without an exponent: 0.25, 1.23, 12.3, 123, 1230.
 * @param {number} value
 * @returns {string}
 */
export function three(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 99.95) return grouped(Math.round(value));
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.9995) return value.toFixed(2);
  return String(Number(value.toFixed(3)));
}

/**
 * A whole number with thin spaces between groups of three digits, from 10 000 on.
 * @param {number} value
 * @returns {string}
 */
function grouped(value) {
  const digits = String(value);
  return Math.abs(value) < 10000 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, THIN);
}

/**
 * A value under the prefix that leaves one to three digits before the point.
 * @param {number} value
 * @param {string[]} prefixes
 * @param {number} base
 * @param {string} unit
 * @returns {string}
 */
function scaled(value, prefixes, base, unit) {
  let step = 0;
  while (Math.abs(value) >= 999.5 && step < prefixes.length - 1) {
    value /= base;
    step++;
  }
  const text = step === 0 ? String(Number(three(value))) : three(value);
  const suffix = prefixes[step] + unit;
  return suffix === "" ? text : text + THIN + suffix;
}

/**
 * A duration in its two largest parts: "41 d 3 h", "5 min 2 s", "12.3 ms".
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds < 0) return "-" + duration(-seconds);
  if (seconds === 0) return "0" + THIN + "s";
  if (seconds < 0.0009995) return three(seconds * 1e6) + THIN + "µs";
  if (seconds < 0.9995) return three(seconds * 1e3) + THIN + "ms";
  if (seconds < 59.95) return three(seconds) + THIN + "s";
  return long(Math.round(seconds));
}

/**
 * The two largest parts of a whole number of seconds of at least a minute.
 * @param {number} seconds
 * @returns {string}
 */
function long(seconds) {
  const parts = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count !== 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count !== 0)
    .map(([count, unit]) => `${count}${THIN}${unit}`)
    .join(" ");
}

/**
 * How long ago, in one part: "now", "5 s", "2 h".
 * @param {number} seconds
 * @returns {string}
 */
export function age(seconds) {
  if (seconds < 1) return "now";
  if (seconds < 60) return Math.floor(seconds) + THIN + "s ago";
  return long(Math.floor(seconds)).split(" ")[0] + " ago";
}

/**
 * FORMATTERS turns a number into text, by unit of the catalogue.
 * @type {Record<string, (value: number) => string>}
 */
const FORMATTERS = {
  percent: (v) => v.toFixed(1) + THIN + "%",
  bytes: (v) => scaled(v, IEC, 1024, "B"),
  bytes_per_second: (v) => scaled(v, IEC, 1024, "B/s"),
  bits_per_second: (v) => scaled(v, DECIMAL, 1000, "bit/s").replace(/(\.\d*?)0+(?=\D)/, "$1").replace(/\.(?=\D)/, ""),
  per_second: (v) => (Math.abs(v) < 999.5 ? three(v) + THIN + "/s" : scaled(v, DECIMAL, 1000, "/s")),
  seconds: duration,
  timestamp: (v) => new Date(v * 1000).toISOString(),
  celsius: (v) => v.toFixed(1) + THIN + "°C",
  hertz: (v) => scaled(v, DECIMAL, 1000, "Hz"),
  watts: (v) => (Math.abs(v) < 999.5 ? three(v) + THIN + "W" : scaled(v, DECIMAL, 1000, "W")),
  rpm: (v) => grouped(Math.round(v)) + THIN + "rpm",
  count: (v) => (Number.isInteger(v) ? grouped(v) : three(v)),
};

/**
 * A value with its unit; a unit that this page doesn't know gives the plain
 * number, and what is not a number a dash.
 * @param {string} unit
 * @param {unknown} value
 * @returns {string}
 */
export function format(unit, value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const formatter = Object.hasOwn(FORMATTERS, unit) ? FORMATTERS[unit] : FORMATTERS.count;
  return formatter(value);
}

/**
 * A percentage without decimals, for the fleet.
 * @param {number | undefined} value
 * @returns {string}
 */
export function percent(value) {
  return value === undefined ? "–" : Math.round(value) + THIN + "%";
}
