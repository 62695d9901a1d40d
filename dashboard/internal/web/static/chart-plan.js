// What charts a section has, and what stands in them, without drawing any.

import { format } from "./format.js";
import { fieldOf } from "./sections.js";
/** @import { Chart, Line, Metric } from "./types.js" */
/** @import { Section } from "./sections.js" */

/** MOST is the number of lines that have a colour and a name. */
export const MOST = 8;

/**
 * @typedef {object} Plan One chart: metrics of one unit.
 * @property {string} key
 * @property {string} title
 * @property {string} unit
 * @property {Metric[]} metrics
 */

/** STILL are fields that say nothing over time: sizes that stay, and what only
 * goes up. */
const STILL = /^(total_|count$|uptime_)|_total$/;

/**
 * The charts of a section: its main metrics, or the first kind of what it has
 * where none is; those of one unit in one chart.
 * @param {Section} section
 * @returns {Plan[]}
 */
export function plans(section) {
  const moving = section.metrics.filter((one) => one.rank !== undefined && one.unit !== "timestamp" && !STILL.test(fieldOf(one)));
  const main = moving.filter((one) => one.rank === "main");
  const shown = main.length > 0 ? main : moving.filter((one) => one.unit === moving[0].unit);
  /** @type {Map<string, Metric[]>} */
  const units = new Map();
  for (const one of shown) units.set(one.unit, [...(units.get(one.unit) ?? []), one]);
  return [...units].map(([unit, metrics]) => ({
    key: section.name + " " + unit,
    title: section.label + ": " + metrics.map((one, i) => (i === 0 ? one.label : lower(one.label))).join(" · "),
    unit,
    metrics,
  }));
}

/**
 * A label within a sentence; abbreviations stay as they are.
 * @param {string} label
 */
function lower(label) {
  return /^[A-Z][a-z]/.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label;
}

/**
 * The name of a line within its chart.
 * @param {Plan} plan
 * @param {Line} line
 */
export function lineName(plan, line) {
  if (line.name) return line.name;
  const label = plan.metrics.find((one) => one.id === line.metric)?.label ?? line.metric;
  if (!line.instance) return label;
  return plan.metrics.length <= 1 ? line.instance : line.instance + " " + lower(label);
}

/** ALIKE are metrics whose instances do the same work: one at its limit is seen at
 * the edge of the band, and which one it is changes with each moment. */
const ALIKE = ["core.usage_percent"];

/**
 * The lines to draw of a chart. Where not all have a colour these are those with
 * the greatest mean, and the others as one: a hundred lines hide each other.
 * @param {Chart} chart
 * @returns {Line[]}
 */
export function ranked(chart) {
  const [first, second] = chart.lines;
  if (second && ALIKE.includes(first.metric)) {
    const earlier = chart.lines.map((line) => ({ metric: "", mean: line.before ?? line.mean.map(() => null) }));
    const before = first.before ? { before: together(earlier).mean } : {};
    return [{ ...together(chart.lines), instance: "mean of " + chart.lines.length, ...before }];
  }
  if (chart.lines.length <= MOST) return chart.lines;
  const all = chart.lines.toSorted((a, b) => average(b) - average(a));
  return [...all.slice(0, MOST).map((line) => ({ ...line, low: undefined, high: undefined })), together(all.slice(MOST))];
}

/**
 * Lines as one: their mean at each moment, and the least and greatest of them.
 * @param {Line[]} lines
 * @returns {Line}
 */
function together(lines) {
  const moments = lines[0].mean.map((_, i) => {
    const means = /** @type {number[]} */ (lines.map((line) => line.mean[i]).filter((v) => v !== null));
    if (means.length === 0) return { mean: null, low: null, high: null };
    const [lows, highs] = [lines.map((line) => (line.low ?? line.mean)[i] ?? Infinity), lines.map((line) => (line.high ?? line.mean)[i] ?? -Infinity)];
    return { mean: means.reduce((sum, v) => sum + v, 0) / means.length, low: Math.min(...lows), high: Math.max(...highs) };
  });
  return { metric: "", mean: moments.map((one) => one.mean), low: moments.map((one) => one.low), high: moments.map((one) => one.high) };
}

/**
 * The mean of a line, or less than anything where it has no value.
 * @param {Line} line
 */
export function average(line) {
  const values = /** @type {number[]} */ (line.mean.filter((v) => v !== null));
  return values.length === 0 ? -Infinity : values.reduce((sum, v) => sum + v, 0) / values.length;
}

/**
 * What a chart shows, in words.
 * @param {Plan} plan
 * @param {Chart} chart
 */
export function chartText(plan, chart) {
  const parts = ranked(chart).slice(0, MOST).map((line) => {
    const [lows, highs] = [line.low ?? line.mean, line.high ?? line.mean];
    const low = Math.min(...lows.map((v) => v ?? Infinity));
    const high = Math.max(...highs.map((v) => v ?? -Infinity));
    if (low > high) return lineName(plan, line) + ": no values";
    return `${lineName(plan, line)}: ${format(plan.unit, low)} to ${format(plan.unit, high)}, last ${format(plan.unit, lastOf(line))}`;
  });
  return plan.title + ". " + (parts.join("; ") || "No values");
}

/**
 * The last value of a line.
 * @param {Line} line
 */
export function lastOf(line) {
  return line.mean.findLast((v) => v !== null) ?? null;
}

/** DAY and MONTH are in seconds. */
const [DAY, MONTH] = [86400, 28 * 86400];

/**
 * The labels of moments on an axis, each as exact as their distance.
 * @param {number[]} moments In seconds since 1970.
 * @param {number} distance In seconds.
 */
export function momentLabels(moments, distance) {
  return moments.map((seconds) => {
    const moment = new Date(seconds * 1000);
    const midnight = moment.getHours() === 0 && moment.getMinutes() === 0 && moment.getSeconds() === 0;
    if (distance >= MONTH) return moment.toLocaleDateString("en-GB", { month: "short", year: "numeric" });
    if (distance >= DAY || midnight) return moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    const second = distance < 60 ? /** @type {const} */ ("2-digit") : undefined;
    return moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second });
  });
}

/**
 * The range of the values' axis: shares, rates and sizes start at zero.
 * @param {string} unit
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
export function scaleOf(unit, low, high) {
  if (low === null || high === null) return [0, 1];
  if (unit === "percent") return [0, Math.min(100, Math.max(high * 1.1, 5)) || 100];
  if (unit === "celsius") return [Math.min(low - 2, low), high + 2];
  return [Math.min(0, low), high <= 0 ? 1 : high * 1.1];
}
