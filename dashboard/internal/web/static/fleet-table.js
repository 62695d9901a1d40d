// The fleet as a dense table, one host a row.

import { memo } from "./memo.js";
import { Line, load, value } from "./fleet-cards.js";
import { percent } from "./format.js";
import { html } from "./html.js";
import { Bar, State } from "./parts.js";
import { hostURL, query, setQuery } from "./router.js";
import * as store from "./store.js";
import { fault } from "./summary.js";
import { useSlice } from "./slice.js";
/** @import { Summary } from "./types.js" */

/**
 * COLUMNS are the table's columns: heading, class, and the order that a click
 * on the heading asks for.
 * @type {{ label: string, name: string, sort?: string }[]}
 */
const COLUMNS = [
  { label: "State", name: "c-state", sort: "worst" },
  { label: "Host", name: "c-name", sort: "name" },
  { label: "", name: "c-line" },
  { label: "CPU", name: "c-bar", sort: "cpu" },
  { label: "Memory", name: "c-bar", sort: "memory" },
  { label: "Disk", name: "c-bar", sort: "disk" },
  { label: "Load", name: "c-load number" },
  { label: "Received", name: "c-rate number" },
  { label: "Sent", name: "c-rate number" },
  { label: "CPU temp.", name: "c-heat number" },
];

/**
 * Table is the list of hosts with its headings.
 * @param {{ names: string[], first: number, label: string }} props
 */
export function Table({ names, first, label }) {
  const [slice, ref] = useSlice(names.length, first);
  const gap = (/** @type {number} */ height) =>
    height > 0 && html`<tr class="gap" aria-hidden="true" style=${{ height: height + "px" }}></tr>`;
  return html`<table class="hosts" role="table" aria-label=${label} aria-rowcount=${names.length + 1}>
    <thead role="rowgroup"><tr role="row">${COLUMNS.map((column) => html`<${Heading} key=${column.label} ...${column} />`)}</tr></thead>
    <tbody role="rowgroup" ref=${ref}>
      ${gap(slice.before)}
      ${names.slice(slice.start, slice.end).map((name, i) => html`<${Row} key=${name} name=${name} index=${first + slice.start + i} row=${slice.start + i + 2} />`)}
      ${gap(slice.after)}
    </tbody>
  </table>`;
}

/** TableSkeleton stands where the table will be. */
export function TableSkeleton() {
  return html`<div class="hosts empty" role="status" aria-busy="true" aria-label="Loading hosts"></div>`;
}

/**
 * Heading is one column's head; those that sort are buttons.
 * @param {{ label: string, name: string, sort?: string }} props
 */
function Heading({ label, name, sort }) {
  if (label === "") return html`<td role="cell" class=${name}></td>`;
  if (sort === undefined) return html`<th scope="col" role="columnheader" class=${name}>${label}</th>`;
  const active = (query.value.get("sort") || "worst") === sort;
  const direction = active ? (sort === "name" ? "ascending" : "descending") : undefined;
  const arrow = direction === "ascending" ? " ↑" : " ↓";
  return html`<th scope="col" role="columnheader" class=${name} aria-sort=${direction}>
    <button onClick=${() => setQuery("sort", sort === "worst" ? "" : sort)}>${label}${active && html`<span aria-hidden="true">${arrow}</span>`}</button>
  </th>`;
}

/**
 * Row is one host.
 * @type {(props: { name: string, index: number, row: number }) => unknown}
 */
const Row = memo(({ name, index, row }) => {
  const summary = store.host(name);
  if (summary === undefined) return null;
  const faded = summary.state === "online" ? "" : " old";
  return html`<tr role="row" aria-rowindex=${row}>
    <td role="cell" class="c-state"><${State} mark=${store.mark(summary)} /></td>
    <th scope="row" role="rowheader" class="c-name"><a class="clip" href=${hostURL(name)} data-index=${index}>${name}</a></th>
    <td role="cell" class="c-line"><${Line} summary=${summary} /></td>
    <${Percent} summary=${summary} metric="cpu.usage_percent" />
    <${Percent} summary=${summary} metric="memory.usage_percent" />
    <${Percent} summary=${summary} metric="disk.usage_percent" />
    <td role="cell" class=${"c-load number" + faded}>${load(summary)}</td>
    <td role="cell" class=${"c-rate number" + faded}>${value(summary, "network.rx_bytes_per_second", "bytes_per_second")}</td>
    <td role="cell" class=${"c-rate number" + faded}>${value(summary, "network.tx_bytes_per_second", "bytes_per_second")}</td>
    <td role="cell" class=${"c-heat number" + faded}>${value(summary, "system.cpu_celsius", "celsius")}</td>
  </tr>`;
});

/**
 * Percent is a cell with a bar and its value.
 * @param {{ summary: Summary, metric: string }} props
 */
function Percent({ summary, metric }) {
  const reading = store.reading(summary, metric);
  const severity = fault(summary, metric);
  const faded = summary.state === "online" ? "" : " old";
  return html`<td role="cell" class=${"c-bar" + faded}><span class="pair">
    <${Bar} percent=${reading} severity=${severity} />
    <span class=${"number is-" + (severity ?? "plain")}>${percent(reading)}</span>
  </span></td>`;
}
