// One chart: lines over time on a canvas, with their names and values below.

import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { data, options } from "./chart-options.js";
import { chartText, lastOf, lineName, MOST, ranked } from "./chart-plan.js";
import { format } from "./format.js";
import { html } from "./html.js";
import { failed } from "./later.js";
import { exact } from "./parts.js";
import { dark, theme } from "./theme.js";
/** @import { Chart } from "./types.js" */
/** @import { Plot } from "./chart-options.js" */
/** @import { Marks } from "./chart-marks.js" */
/** @import { Plan } from "./chart-plan.js" */

/**
 * NONE is what a chart without marks has.
 * @type {Marks}
 */
const NONE = { happenings: [], at: 0 };

/** HEIGHT of the canvas, with the axis, in pixels. */
const HEIGHT = 148;

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
  const shape = lines.map((line) => [line.metric, line.instance, line.low !== undefined, line.before !== undefined].join(" ")).join("\n");
  useEffect(() => {
    const node = place.current;
    if (node === null) return;
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height }));
    let gone = false;
    import("./vendor/uplot.js").then(({ default: UPlot }) => {
      if (gone) return;
      plot.current = new UPlot(options(plan, lines, () => shown.current, node, setAt, setWords), shown.current.columns, node);
      watch.observe(node);
    }, failed);
    return () => {
      gone = true;
      watch.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, theme.value, dark.value]);
  useEffect(() => plot.current?.setData(shown.current.columns), [chart, ...bounds]);
  useEffect(() => plot.current?.redraw(false), [marks.happenings, marks.at]);
  // The moment shown where no pointer says another.
  const pinned = marks.at === 0 ? -1 : chart.times.findLastIndex((one) => one <= marks.at);
  const here = at ?? (pinned < 0 ? null : pinned);
  const time = here === null ? undefined : chart.times[here];
  const [rest, last] = [lines.find((line) => line.metric === "" && line.low), here ?? chart.times.length - 1];
  const gap = here !== null && lines.every((line) => (line.mean[here] ?? null) === null);
  const said = words || (gap ? "nothing came" : "");
  return html`
    <div class="canvas" ref=${place} role="img" aria-label=${chartText(plan, chart)}></div>
    <ul class="legend">
      ${lines.slice(0, MOST).map((line, i) => html`<li key=${line.metric + line.instance} class=${"line-" + (i + 1)}>
        <span class="clip" title=${lineName(plan, line)}>${lineName(plan, line)}</span>
        <span class="number">${format(plan.unit, here === null ? lastOf(line) : line.mean[here])}</span>
      </li>`)}
      ${rest && html`<li class="muted">${lines.length > MOST && `${chart.lines.length - MOST}${chart.cut ? " or more" : ""} others, grey: `}${format(plan.unit, rest.low?.[last])} to ${format(plan.unit, rest.high?.[last])}</li>`}
      <li class="when muted">${said !== "" && html`<span class="clip">${said} ·</span>`}${time === undefined ? "" : exact(new Date(time * 1000).toISOString())}</li>
    </ul>
  `;
}
