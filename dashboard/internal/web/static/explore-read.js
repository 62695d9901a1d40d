// Questions in PromQL, and their answers as lines of a chart.

import { ask } from "./ask.js";
import { average } from "./chart-plan.js";
/** @import { Chart } from "./types.js" */

/** STEPS are the distances of moments, in seconds: what people count time in. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];

/** MOST is how many lines a chart has. */
const MOST = 256;

/**
 * The distance of moments for a time, so that there are about as many as there
 * is room for.
 * @param {number} span In seconds.
 * @param {number} points
 */
export function stepFor(span, points) {
  return STEPS.find((step) => span / step <= points) ?? STEPS[STEPS.length - 1];
}

/**
 * Asks for a time. The answer's error is Prometheus' own.
 * @param {string} expression
 * @param {[number, number]} bounds In seconds since 1970.
 * @param {number} points
 * @param {AbortSignal} signal
 * @returns {Promise<Chart>}
 */
export async function askRange(expression, [from, to], points, signal) {
  const step = stepFor(to - from, points);
  const [start, end] = [Math.floor(from / step) * step, Math.floor(to / step) * step];
  const asked = new URLSearchParams({ query: expression, start: String(start), end: String(end), step: String(step) });
  return chartOf(await ask("/api/v1/query_range?" + asked, signal), start, end, step);
}

/** @typedef {{ data: { resultType: string, result: { metric: Record<string, string>, values: [number, string][] }[] } }} Answer */

/**
 * An answer as a chart: each series is a line, named by its labels.
 * @param {Answer} answer
 * @param {number} start
 * @param {number} end
 * @param {number} step
 * @returns {Chart}
 */
export function chartOf(answer, start, end, step) {
  const count = Math.round((end - start) / step) + 1;
  const times = Array.from({ length: count }, (_, i) => start + i * step);
  const result = answer.data.result;
  const common = sharedLabels(result.map((one) => one.metric));
  const lines = result.map(({ metric, values }) => {
    /** @type {(number | null)[]} */
    const mean = Array(count).fill(null);
    for (const [at, value] of values) {
      const number = Number(value);
      if (Number.isFinite(number)) mean[Math.round((at - start) / step)] = number;
    }
    return { metric: metric.__name__ ?? "", instance: labelsText(metric), name: labelsText(metric, common), mean };
  });
  if (lines.length <= MOST) return { step, times, lines };
  const means = new Map(lines.map((line) => [line, average(line)]));
  const least = [...means.values()].sort((a, b) => b - a)[MOST - 1];
  const kept = lines.filter((line) => (means.get(line) ?? 0) >= least).slice(0, MOST);
  return { step, times, lines: kept, cut: true, all: lines.length };
}

/**
 * The labels that all series have with one value, where there are several.
 * @param {Record<string, string>[]} all
 */
function sharedLabels(all) {
  const [first, ...others] = all;
  if (others.length === 0) return [];
  return Object.keys(first).filter((key) => others.every((one) => one[key] === first[key]));
}

/**
 * What tells a series from others, in words: a host alone by its name.
 * @param {Record<string, string>} metric
 * @param {string[]} [without] Labels that are left out.
 */
export function labelsText(metric, without = []) {
  const { __name__: name, ...rest } = metric;
  const parts = ["host", ...Object.keys(rest).filter((key) => key !== "host")]
    .filter((key) => rest[key] && !without.includes(key))
    .map((key) => (key === "host" ? rest[key] : `${key}=${rest[key]}`));
  return parts.join(" ") || name || "value";
}
