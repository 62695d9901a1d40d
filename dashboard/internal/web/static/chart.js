// One chart: lines over time on a canvas, with their names and values below.

import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { chartText, lastOf, lineName, MOST, momentLabels, ranked, scaleOf } from "./chart-plan.js";
import { drawMarks, wordsAt } from "./chart-marks.js";
import { format } from "./format.js";
import { html } from "./html.js";
import { exact } from "./parts.js";
import { fix, unzoom } from "./range.js";
import { dark, theme } from "./theme.js";
/** @import { Chart, Line } from "./types.js" */
/** @import { Marks } from "./chart-marks.js" */
/** @import { Plan } from "./chart-plan.js" */

/** @typedef {InstanceType<typeof import("./vendor/uplot.js").default>} Plot */

/** @typedef {{ select: { left: number, width: number }, posToVal: (x: number, scale: string) => number, setSelect: (box: object, fire: boolean) => void }} Selecting */

/**
 * NONE is what a chart without marks has.
 * @type {Marks}
 */
const NONE = { happenings: [], at: 0 };

/** HEIGHT of the canvas, with the axis, in pixels. */
const HEIGHT = 148;

/** BINARY are the distances between sizes on an axis: powers of two. */
const BINARY = Array.from({ length: 60 }, (_, i) => 2 ** i);

/**
 * Canvas draws a chart and keeps its size; the values under the pointer, or the
 * last ones, stand below it.
 * @param {{ plan: Plan, chart: Chart, bounds: [number, number], marks?: Marks, onPick?: (at: number) => void, height?: number }} props
 */
export function Canvas({ plan, chart, bounds, marks = NONE, onPick, height = HEIGHT }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {Plot | null} */ (null));
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  const [words, setWords] = useState("");
  const lines = ranked(chart);
  // What is drawn is kept by reference, so that new values need no new plot.
  const now = { columns: data(chart, lines), bounds, marks, onPick, height };
  const shown = useRef(now);
  shown.current = now;
  const shape = lines.map((line) => [line.metric, line.instance, line.low !== undefined].join(" ")).join("\n");
  useEffect(() => {
    const node = place.current;
    if (node === null) return;
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height }));
    let gone = false;
    import("./vendor/uplot.js").then(({ default: UPlot }) => {
      if (gone) return;
      plot.current = new UPlot(options(plan, lines, () => shown.current, node, setAt, setWords), shown.current.columns, node);
      watch.observe(node);
    });
    return () => {
      gone = true;
      watch.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, theme.value, dark.value]);
  useEffect(() => plot.current?.setData(shown.current.columns), [chart, ...bounds]);
  useEffect(() => plot.current?.redraw(false), [marks.happenings, marks.at]);
  const time = at === null ? undefined : chart.times[at];
  return html`
    <div class="canvas" ref=${place} role="img" aria-label=${chartText(plan, chart)}></div>
    <ul class="legend">
      ${lines.slice(0, MOST).map((line, i) => html`<li key=${line.metric + line.instance} class=${"line-" + (i + 1)}>
        <span class="clip" title=${lineName(plan, line)}>${lineName(plan, line)}</span>
        <span class="number">${format(plan.unit, at === null ? lastOf(line) : line.mean[at])}</span>
      </li>`)}
      ${lines.length > MOST && html`<li class="muted">and ${lines.length - MOST}${chart.cut ? " or more" : ""} lower ones, grey</li>`}
      <li class="when muted">${words !== "" && html`<span class="clip">${words} ·</span>`}${time === undefined ? "" : exact(new Date(time * 1000).toISOString())}</li>
    </ul>
  `;
}

/**
 * The columns that uPlot draws: moments, then for each line its mean, and its
 * low and high where there are such.
 * @param {Chart} chart
 * @param {Line[]} lines
 */
function data(chart, lines) {
  return [chart.times, ...lines.flatMap((line) => (line.low && line.high ? [line.mean, line.low, line.high] : [line.mean]))];
}

/**
 * What uPlot is told (https://github.com/leeoniya/uPlot/tree/master/docs).
 * @param {Plan} plan
 * @param {Line[]} lines
 * @param {() => { bounds: [number, number], marks: Marks, onPick?: (at: number) => void, height: number }} shown
 * @param {HTMLElement} node
 * @param {(at: number | null) => void} onMove
 * @param {(words: string) => void} onWords
 */
function options(plan, lines, shown, node, onMove, onWords) {
  const colour = colours(node);
  const marked = { away: colour("--offline"), mark: colour("--mark"), at: colour("--accent") };
  const [text, hair] = [colour("--muted"), colour("--line")];
  const font = `11px ${getComputedStyle(node).fontFamily}`;
  const series = lines.flatMap((line, i) => {
    const stroke = colour(i < MOST ? `--line-${i + 1}` : "--faded");
    const mean = { stroke, width: i < MOST ? 1.5 : 1, points: { show: false }, spanGaps: false };
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    return line.low && line.high ? [mean, edge, edge] : [mean];
  });
  const bands = lines.flatMap((line, i) =>
    line.low && line.high && lines.length <= MOST ? [{ series: [3 * i + 3, 3 * i + 2], fill: translucent(colour(`--line-${i + 1}`)) }] : [],
  );
  const grid = { stroke: hair, width: 1 };
  const axis = { stroke: text, font, grid, ticks: { show: false } };
  return {
    width: node.clientWidth,
    height: shown().height,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: true, range: () => shown().bounds },
      y: { range: (/** @type {unknown} */ _, /** @type {number | null} */ low, /** @type {number | null} */ high) => scaleOf(plan.unit, low, high) },
    },
    axes: [
      { ...axis, size: 24, space: 64, values: (/** @type {unknown} */ _, /** @type {number[]} */ moments, /** @type {number} */ __, /** @type {number} */ ___, /** @type {number} */ distance) => momentLabels(moments, distance) },
      { ...axis, size: 64, space: 28, gap: 6, values: (/** @type {unknown} */ _, /** @type {number[]} */ values) => values.map((v) => tick(plan.unit, v)), ...(plan.unit.startsWith("bytes") ? { incrs: BINARY } : {}) },
    ],
    series: [{}, ...series],
    bands,
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
          plot.over.addEventListener("click", (event) => shown().onPick?.(plot.data[0][plot.posToIdx(event.offsetX)])),
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
        (/** @type {Selecting} */ plot) => {
          const { left, width } = plot.select;
          if (width === 0) return;
          fix(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
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
 */
function translucent(colour) {
  return colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.18)");
}
