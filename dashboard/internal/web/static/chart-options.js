// What uPlot is told of a chart (https://github.com/leeoniya/uPlot/tree/master/docs).

import { drawMarks, wordsAt } from "./chart-marks.js";
import { MOST, momentLabels, scaleOf } from "./chart-plan.js";
import { format } from "./format.js";
import { fix, unzoom } from "./range.js";
/** @import { Chart, Line } from "./types.js" */
/** @import { Marks } from "./chart-marks.js" */
/** @import { Plan } from "./chart-plan.js" */

/** @typedef {InstanceType<typeof import("./vendor/uplot.js").default>} Plot */

/** @typedef {{ select: { left: number, width: number }, posToVal: (x: number, scale: string) => number, setSelect: (box: object, fire: boolean) => void }} Selecting */

/** BINARY are the distances between sizes on an axis: powers of two. */
const BINARY = Array.from({ length: 60 }, (_, i) => 2 ** i);

/** PARTLY is a line of the time before: in dashes. */
const PARTLY = [4, 4];

/** TWICE is how long a click may be the first of two, in milliseconds, and MOVED
 * how far the pointer may go in one, in pixels. */
const [TWICE, MOVED] = [250, 5];

/** ALONE draws a value that stands between gaps as a point: no line leads to it. */
const ALONE = {
  show: true,
  size: 4,
  filter: (/** @type {Plot} */ { data }, /** @type {number} */ i) =>
    [...data[i].keys()].filter((at) => data[i][at] !== null && (data[i][at - 1] ?? data[i][at + 1] ?? null) === null),
};

/**
 * The columns that uPlot draws: moments, then for each line its mean, and its
 * low and high where there are such; then those of the time before.
 * @param {Chart} chart
 * @param {Line[]} lines
 */
export function data(chart, lines) {
  // What is drawn later hides what was before: the first line comes last.
  const upwards = lines.toReversed();
  const now = upwards.flatMap((line) => (line.low && line.high ? [line.mean, line.low, line.high] : [line.mean]));
  return [chart.times, ...now, ...upwards.flatMap((line) => (line.before ? [line.before] : []))];
}

/**
 * The series of the same columns, and the bands between low and high.
 * @param {Line[]} lines
 * @param {(name: string) => string} colour
 */
function drawing(lines, colour) {
  const [series, bands, before] = [/** @type {object[]} */ ([{}]), /** @type {object[]} */ ([]), /** @type {object[]} */ ([])];
  for (const [i, line] of [...lines.entries()].reverse()) {
    const stroke = colour(i < MOST ? `--line-${i + 1}` : "--faded");
    const width = i < MOST ? 1.5 : 1;
    series.push({ stroke, width, points: { ...ALONE, fill: stroke }, spanGaps: false });
    if (line.low && line.high) {
      const edge = { stroke: "transparent", width: 0, points: { show: false } };
      bands.push({ series: [series.length + 1, series.length], fill: translucent(stroke, i < MOST ? 0.18 : 0.4) });
      series.push(edge, edge);
    }
    if (line.before) before.push({ stroke: translucent(stroke, 0.7), width: 1, dash: PARTLY, points: { show: false }, spanGaps: false });
  }
  return { series: [...series, ...before], bands };
}

/**
 * What uPlot is told.
 * @param {Plan} plan
 * @param {Line[]} lines
 * @param {() => { bounds: [number, number], marks: Marks, onPick?: (at: number) => void, height: number }} shown
 * @param {HTMLElement} node
 * @param {(at: number | null) => void} onMove
 * @param {(words: string) => void} onWords
 */
export function options(plan, lines, shown, node, onMove, onWords) {
  const colour = colours(node);
  const marked = { away: colour("--offline"), mark: colour("--mark"), at: colour("--accent") };
  const [text, hair] = [colour("--muted"), colour("--line")];
  const font = `11px ${getComputedStyle(node).fontFamily}`;
  const grid = { stroke: hair, width: 1 };
  /** @type {number | undefined} */
  let clicked;
  const pick = (/** @type {Plot} */ plot, /** @type {number} */ left) => {
    const at = plot.data[0][plot.posToIdx(left)];
    clicked = setTimeout(() => shown().onPick?.(at), TWICE);
  };
  const axis = { stroke: text, font, grid, ticks: { show: false } };
  return {
    width: node.clientWidth,
    height: shown().height,
    legend: { show: false },
    padding: [8, 24, 0, 0], // half of the widest label beside the last hour
    scales: {
      x: { time: true, range: () => shown().bounds },
      y: { range: (/** @type {unknown} */ _, /** @type {number | null} */ low, /** @type {number | null} */ high) => scaleOf(plan.unit, low, high) },
    },
    axes: [
      { ...axis, size: 24, space: 64, values: (/** @type {unknown} */ _, /** @type {number[]} */ moments, /** @type {number} */ __, /** @type {number} */ ___, /** @type {number} */ distance) => momentLabels(moments, distance) },
      { ...axis, size: 64, space: 28, gap: 6, values: (/** @type {unknown} */ _, /** @type {number[]} */ values) => values.map((v) => tick(plan.unit, v)), ...(plan.unit.startsWith("bytes") ? { incrs: BINARY } : {}) },
    ],
    ...drawing(lines, colour),
    cursor: {
      sync: { key: "host", scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 5 },
      y: false,
      bind: { dblclick: () => unzoom },
    },
    hooks: {
      ready: [
        (/** @type {Plot} */ plot) =>
          plot.over.addEventListener("click", ({ detail, offsetX }) => {
            clearTimeout(clicked);
            if (detail === 1) pick(plot, offsetX);
          }),
      ],
      draw: [(/** @type {import("./chart-marks.js").Drawing} */ plot) => drawMarks(plot, shown().marks, marked)],
      setCursor: [
        (/** @type {Plot} */ plot) => {
          onMove(plot.cursor.idx ?? null);
          const left = plot.cursor.left ?? -1;
          onWords(left < 0 ? "" : wordsAt(plot, shown().marks.happenings, left));
        },
      ],
      setSelect: [
        (/** @type {Plot & Selecting} */ plot) => {
          const { left, width } = plot.select;
          if (width === 0) return;
          if (width < MOVED) pick(plot, left);
          else fix(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/**
 * A value beside its line of the grid: without the digits that a round number
 * has not.
 * @param {string} unit
 * @param {number} value
 */
function tick(unit, value) {
  if (value === 0) return "0";
  return format(unit, value).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
}

/**
 * Returns what finds the colour that a custom property has at a node: a canvas
 * knows neither properties nor light-dark().
 * @param {HTMLElement} node
 */
function colours(node) {
  return (/** @type {string} */ name) => {
    node.style.color = `var(${name})`;
    const colour = getComputedStyle(node).color;
    node.style.color = "";
    return colour;
  };
}

/**
 * A colour that lets others through.
 * @param {string} colour As rgb(…).
 * @param {number} share How much of it stays.
 */
function translucent(colour, share) {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`);
}
