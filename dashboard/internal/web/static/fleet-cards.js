// The fleet as cards. A card renders anew only when its own host changes.

import { memo } from "./memo.js";
import { format, percent, three } from "./format.js";
import { html } from "./html.js";
import { Ago, At, Bar, State } from "./parts.js";
import { hostURL } from "./router.js";
import * as store from "./store.js";
import { fault, reasons } from "./summary.js";
import { useSpark } from "./sparks.js";
import { useSlice } from "./slice.js";
/** @import { Summary } from "./types.js" */

/**
 * Cards is a grid of hosts.
 * @param {{ names: string[], first: number, label: string }} props
 */
export function Cards({ names, first, label }) {
  const [slice, ref] = useSlice(names.length, first);
  return html`<ul class="cards" aria-label=${label} ref=${ref} style=${{ paddingTop: slice.before + "px", paddingBottom: slice.after + "px" }}>
    ${names.slice(slice.start, slice.end).map((name, i) => html`<${Card} key=${name} name=${name} index=${first + slice.start + i} place=${slice.start + i + 1} count=${names.length} />`)}
  </ul>`;
}

/** CardSkeletons stand where the first cards will be. */
export function CardSkeletons() {
  return html`<ul class="cards" aria-busy="true" aria-label="Loading hosts">
    ${Array.from({ length: 12 }, (_, i) => html`<li key=${i} class="card empty"></li>`)}
  </ul>`;
}

/**
 * Card is one host.
 * @type {(props: { name: string, index: number, place: number, count: number }) => unknown}
 */
const Card = memo(({ name, index, place, count }) => {
  const summary = store.host(name);
  if (summary === undefined) return null;
  const mark = store.mark(summary);
  const faded = summary.state === "online" ? "" : " old";
  const gpu = store.reading(summary, "gpu.utilization_percent");
  return html`<li class="card" aria-posinset=${place} aria-setsize=${count}>
    <h2>
      <a class="clip" href=${hostURL(name)} data-index=${index}>${name}</a>
      <${State} mark=${mark} />
    </h2>
    <${Line} summary=${summary} />
    <div class=${"bars" + faded}>
      <${Measure} summary=${summary} label="cpu" metric="cpu.usage_percent" line=${store.history.value?.open} aside=${value(summary, "system.cpu_celsius", "celsius")} />
      <${Measure} summary=${summary} label="memory" metric="memory.usage_percent" aside=${swap(summary)} />
      <${Measure} summary=${summary} label="disk" metric="disk.usage_percent" aside=${instance(summary, "disk.usage_percent")} />
    </div>
    <p class=${"foot" + faded}>
      <span>load ${load(summary)}</span>
      ${gpu !== undefined && html`<span>gpu ${percent(gpu)}</span>`}
      <span class="traffic">
        <span><span class="muted" aria-label="received">↓</span>${value(summary, "network.rx_bytes_per_second", "bytes_per_second")}</span>
        <span><span class="muted" aria-label="sent">↑</span>${value(summary, "network.tx_bytes_per_second", "bytes_per_second")}</span>
      </span>
    </p>
  </li>`;
});

/**
 * Line says what is wrong and since when a host is silent, or what it is.
 * @param {{ summary: Summary }} props
 */
export function Line({ summary }) {
  const all = reasons(summary);
  const [first, ...more] = all;
  if (summary.seen === undefined) return html`<p class="line clip muted">no sample yet</p>`;
  if (summary.state !== "online") return html`<p class="line clip">last seen <${Ago} time=${summary.seen} /></p>`;
  if (first === undefined) {
    const uptime = value(summary, "system.uptime_seconds", "seconds");
    return html`<p class="line clip muted">${[summary.os, summary.os_version].filter(Boolean).join(" ")}${uptime !== "–" && ` · up ${uptime}`}</p>`;
  }
  return html`<p class="line why" title=${all.map((one) => one.text).join("\n")}>
    <span class=${"clip is-" + first.severity}>${first.text}${more.length > 0 && html` <span class="muted">and ${more.length} more</span>`}</span>
    ${first.since && html`<span class="since muted">since <${At} time=${first.since} /></span>`}
  </p>`;
}

/**
 * Measure is one percentage: name, bar, value, and what else belongs to it.
 * @param {{ summary: Summary, label: string, metric: string, aside: string, line?: boolean }} props
 */
export function Measure({ summary, label, metric, aside, line }) {
  const reading = store.reading(summary, metric);
  const severity = fault(summary, metric);
  return html`<div class="measure">
    <span class="muted">${label}</span>
    ${line ? html`<${Trace} name=${summary.name} />` : html`<${Bar} percent=${reading} severity=${severity} />`}
    <span class=${"number is-" + (severity ?? "plain")}>${percent(reading)}</span>
    <span class="aside clip muted" title=${aside}>${aside === "–" ? "" : aside}</span>
  </div>`;
}

/**
 * Trace is the last hour of a host's CPU.
 * @type {(props: { name: string }) => unknown}
 */
const Trace = memo(({ name }) => {
  const values = useSpark(name).value;
  const [width, height] = [100, 16];
  const x = (/** @type {number} */ i) => (i * (width - 4)) / Math.max(1, values.length - 1) + 2;
  const y = (/** @type {number} */ v) => height - 2 - (Math.max(0, Math.min(100, v)) * (height - 4)) / 100;
  // A gap begins a new line.
  const path = values.map((v, i) => (v === null ? "" : `${i > 0 && values[i - 1] !== null ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`)).join("");
  const last = values.findLastIndex((v) => v !== null);
  return html`<svg class="trace-line" viewBox=${`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
    <path d=${path} fill="none" stroke="currentColor" stroke-width="1.25" vector-effect="non-scaling-stroke" />
    ${last >= 0 && html`<path d=${`M${x(last)} ${y(values[last] ?? 0)}h.01`} fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" vector-effect="non-scaling-stroke" />`}
  </svg>`;
});

/**
 * A headline value with its unit.
 * @param {Summary} summary
 * @param {string} metric
 * @param {string} unit
 */
export function value(summary, metric, unit) {
  return format(unit, store.reading(summary, metric));
}

/**
 * The load, with decimals also where it is whole, so that columns line up.
 * @param {Summary} summary
 */
export function load(summary) {
  const one = store.reading(summary, "cpu.load_1m");
  return one === undefined ? "–" : one < 9.995 ? one.toFixed(2) : three(one);
}

/**
 * The instance that a headline value is of.
 * @param {Summary} summary
 * @param {string} metric
 */
function instance(summary, metric) {
  return summary.readings?.find((one) => one.metric === metric)?.instance ?? "";
}

/**
 * Swap in use, where there is any.
 * @param {Summary} summary
 */
function swap(summary) {
  const used = store.reading(summary, "memory.swap_usage_percent");
  return used !== undefined && used >= 0.5 ? "swap " + percent(used) : "";
}
