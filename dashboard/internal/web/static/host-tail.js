// The last values of a host, where nothing is remembered to draw a chart of: only
// what came while this was on the screen.

import { useState } from "./vendor/hooks.js";
import { THIN } from "./format.js";
import { html } from "./html.js";
import * as store from "./store.js";
/** @import { Fields } from "./types.js" */

/** LENGTH is how many values are kept. */
const LENGTH = 60;

/**
 * Tail is a line of a metric's values.
 * @param {{ metric: string, label: string }} props
 */
export function Tail({ metric, label }) {
  const [kept] = useState({ last: "", values: /** @type {number[]} */ ([]) });
  const detail = store.detail.value;
  const [group, field] = metric.split(".");
  const value = /** @type {Fields | undefined} */ (detail?.stats?.[group])?.[field];
  const taken = detail?.host.timestamp ?? "";
  if (typeof value === "number" && taken !== kept.last) {
    kept.last = taken;
    kept.values = [...kept.values, value].slice(-LENGTH);
  }
  return html`<${Spark} values=${kept.values} label=${label} />`;
}

/**
 * A line of the last values, from 0 to 100, with the last one marked. Each
 * value has its fixed place, so that a young line starts at the right.
 * @param {{ values: number[], label: string }} props
 */
function Spark({ values, label }) {
  const [width, height, places] = [240, 32, 60];
  const x = (/** @type {number} */ i) => width - 3 - ((values.length - 1 - i) * (width - 6)) / (places - 1);
  const y = (/** @type {number} */ v) => height - 3 - (Math.max(0, Math.min(100, v)) * (height - 6)) / 100;
  const points = values.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
  const last = values.length - 1;
  return html`<svg class="spark" viewBox=${`0 0 ${width} ${height}`} preserveAspectRatio="xMaxYMid meet" role="img">
    <title>${summary(label, values)}</title>
    <polyline points=${points} fill="none" stroke="currentColor" stroke-width="1.25" stroke-linejoin="round" />
    ${last >= 0 && html`<circle cx=${x(last)} cy=${y(values[last])} r="2.5" fill="currentColor" />`}
  </svg>`;
}

/**
 * What a sparkline shows, in words.
 * @param {string} label
 * @param {number[]} values
 */
function summary(label, values) {
  if (values.length === 0) return `${label}: no values yet`;
  const range = `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}${THIN}%`;
  return `${label}, ${values.length === 1 ? "one sample" : values.length + " samples"} since this page was opened, ${range}`;
}
