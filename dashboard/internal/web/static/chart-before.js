// A time beside an earlier one.

/** @import { Chart } from "./types.js" */

/**
 * A chart with the lines of an earlier one, moved to its own moments: each has
 * the value of the nearest earlier moment, where that is near enough.
 * @param {Chart} chart
 * @param {Chart} earlier
 * @param {number} offset In seconds.
 * @returns {Chart}
 */
export function beside(chart, earlier, offset) {
  const near = nearest(chart, earlier, offset);
  const lines = chart.lines.map((line) => {
    const then = earlier.lines.find((one) => one.metric === line.metric && one.instance === line.instance);
    return then === undefined ? line : { ...line, before: near.map((at) => (at < 0 ? null : then.mean[at])) };
  });
  return { ...chart, lines };
}

/**
 * For each moment of a chart the place of the nearest one of an earlier chart,
 * or -1.
 * @param {Chart} chart
 * @param {Chart} earlier
 * @param {number} offset
 */
function nearest(chart, earlier, offset) {
  const within = Math.max(distance(chart.times), distance(earlier.times), chart.step, earlier.step);
  let at = 0;
  return chart.times.map((time) => {
    const wanted = time - offset;
    const off = (/** @type {number} */ i) => Math.abs(earlier.times[i] - wanted);
    while (at + 1 < earlier.times.length && off(at + 1) <= off(at)) at++;
    return earlier.times.length > 0 && off(at) <= within ? at : -1;
  });
}

/**
 * The usual distance of moments: their median.
 * @param {number[]} times
 */
function distance(times) {
  const all = times.slice(1).map((time, i) => time - times[i]);
  return all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
}
