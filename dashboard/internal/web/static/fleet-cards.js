// The fleet as cards. A card renders anew only when its own host changes.

import { memo } from "./memo.js";
import { format, percent } from "./format.js";
import { html } from "./html.js";
import { Ago, Bar, State } from "./parts.js";
import { hostURL } from "./router.js";
import * as store from "./store.js";
import { fault, reasons } from "./summary.js";
import { useSlice } from "./slice.js";
/** @import { Summary } from "./types.js" */

/**
 * Cards is a grid of hosts.
 * @param {{ names: string[] }} props
 */
export function Cards({ names }) {
  const [slice, ref] = useSlice(names.length);
  return html`<ul class="cards" ref=${ref} style=${{ paddingTop: slice.before + "px", paddingBottom: slice.after + "px" }}>
    ${names.slice(slice.start, slice.end).map((name, i) => html`<${Card} key=${name} name=${name} index=${slice.start + i} count=${names.length} />`)}
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
 * @type {(props: { name: string, index: number, count: number }) => unknown}
 */
const Card = memo(({ name, index, count }) => {
  const summary = store.host(name);
  if (summary === undefined) return null;
  const mark = store.mark(summary);
  const faded = summary.state === "online" ? "" : " old";
  const gpu = store.reading(summary, "gpu.utilization_percent");
  return html`<li class="card" aria-posinset=${index + 1} aria-setsize=${count}>
    <h2>
      <a class="clip" href=${hostURL(name)} data-index=${index}>${name}</a>
      <${State} mark=${mark} />
    </h2>
    <${Line} summary=${summary} />
    <div class=${"bars" + faded}>
      <${Measure} summary=${summary} label="cpu" metric="cpu.usage_percent" aside=${value(summary, "system.cpu_celsius", "celsius")} />
      <${Measure} summary=${summary} label="memory" metric="memory.usage_percent" aside=${swap(summary)} />
      <${Measure} summary=${summary} label="disk" metric="disk.usage_percent" aside=${place(summary, "disk.usage_percent")} />
    </div>
    <p class=${"foot" + faded}>
      <span>load ${value(summary, "cpu.load_1m", "count")}</span>
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
  return html`<p class=${"line clip is-" + first.severity} title=${all.map((one) => one.text).join("\n")}>
    ${first.text}${more.length > 0 && html` <span class="muted">and ${more.length} more</span>`}
  </p>`;
}

/**
 * Measure is one percentage: name, bar, value, and what else belongs to it.
 * @param {{ summary: Summary, label: string, metric: string, aside: string }} props
 */
export function Measure({ summary, label, metric, aside }) {
  const reading = store.reading(summary, metric);
  const severity = fault(summary, metric);
  return html`<div class="measure">
    <span class="muted">${label}</span>
    <${Bar} percent=${reading} severity=${severity} />
    <span class=${"number is-" + (severity ?? "plain")}>${percent(reading)}</span>
    <span class="aside clip muted" title=${aside}>${aside === "–" ? "" : aside}</span>
  </div>`;
}

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
 * The instance that a headline value is of.
 * @param {Summary} summary
 * @param {string} metric
 */
function place(summary, metric) {
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
