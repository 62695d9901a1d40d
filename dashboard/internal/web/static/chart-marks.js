// What stands on a chart beside its lines: what happened, and the moment shown.

import { happened } from "./host-past.js";
/** @import { Happening } from "./types.js" */

/**
 * @typedef {object} Marks
 * @property {Happening[]} happenings
 * @property {number} at The moment shown, in seconds since 1970; 0 for none.
 */

/** NEAR is how far from a happening, in pixels, its words are shown. */
const NEAR = 6;

/** @typedef {{ ctx: CanvasRenderingContext2D, bbox: { left: number, top: number, width: number, height: number }, valToPos: (v: number, scale: string, canvas: boolean) => number, scales: { x: { min?: number, max?: number } } }} Drawing */

/**
 * Draws marks: a veil where the host was away, a thin vertical line for all
 * else that happened, and a strong one for the moment shown.
 * @param {Drawing} plot
 * @param {Marks} marks
 * @param {{ away: string, mark: string, at: string }} colours
 */
export function drawMarks(plot, marks, colours) {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  const place = (/** @type {number} */ at) => Math.max(bbox.left, Math.min(right, Math.round(plot.valToPos(at, "x", true))));
  const line = (/** @type {number} */ x, /** @type {number} */ width) => ctx.fillRect(x - width / 2, bbox.top, width, bbox.height);
  ctx.save();
  for (const one of marks.happenings) {
    if (one.kind === "offline") {
      const from = place(one.at);
      ctx.globalAlpha = 0.14;
      ctx.fillStyle = colours.away;
      ctx.fillRect(from, bbox.top, Math.max(2, place(one.end ?? Infinity) - from), bbox.height);
    } else {
      ctx.globalAlpha = 0.8;
      ctx.fillStyle = colours.mark;
      line(place(one.at), 1);
    }
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = colours.at;
  if (marks.at !== 0 && within(plot, marks.at)) line(place(marks.at), 2);
  ctx.restore();
}

/**
 * Whether a moment is on the chart.
 * @param {Drawing} plot
 * @param {number} at
 */
function within(plot, at) {
  return at >= (plot.scales.x.min ?? Infinity) && at <= (plot.scales.x.max ?? -Infinity);
}

/**
 * What happened near a place on the chart, in words.
 * @param {{ valToPos: (v: number, scale: string) => number, posToVal: (x: number, scale: string) => number }} plot
 * @param {Happening[]} happenings
 * @param {number} left
 */
export function wordsAt(plot, happenings, left) {
  const time = plot.posToVal(left, "x");
  const here = happenings.filter((one) => {
    if (one.kind === "offline" && one.at <= time && time <= (one.end ?? Infinity)) return true;
    return Math.abs(plot.valToPos(one.at, "x") - left) <= NEAR;
  });
  return here.map(happened).join(" · ");
}
