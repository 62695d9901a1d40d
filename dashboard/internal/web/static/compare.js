// One metric of many hosts.

import { useEffect, useState } from "./vendor/hooks.js";
import { Canvas } from "./chart.js";
import { csv, save } from "./csv.js";
import { askRange, stepFor } from "./explore-read.js";
import { Filters } from "./fleet-filters.js";
import { format } from "./format.js";
import { html } from "./html.js";
import { choice, ordered } from "./order.js";
import { Ranges } from "./range-pick.js";
import { bounds, range } from "./range.js";
import { hostURL, query, setQuery } from "./router.js";
import * as store from "./store.js";
import { turn } from "./clock.js";
/** @import { Chart, Group, Line, Metric } from "./types.js" */

/** POINTS is how many moments there is room for, and MOST how many hosts are
 * compared. */
const [POINTS, MOST] = [400, 100];

/** LONG is how long a moment is, in seconds, that has several samples of each host. */
const LONG = 300;

/** FIRST is the metric unless the URL says another. */
const FIRST = "cpu.usage_percent";

/** Compare is the page. */
export function Compare() {
  const groups = store.catalogue.value;
  const asked = query.value.get("metric") || FIRST;
  const group = groups.find((one) => one.metrics.some((metric) => metric.id === asked));
  const metric = group?.metrics.find((one) => one.id === asked);
  store.shape.value;
  const names = ordered(store.summaries(), choice(query.value));
  const pick = (/** @type {Event} */ event) => {
    const value = /** @type {HTMLSelectElement} */ (event.target).value;
    setQuery("metric", value === FIRST ? "" : value);
  };
  return html`<header class="head">
      <div class="title"><h1>Compare</h1>
        <select aria-label="Metric" value=${asked} onChange=${pick}>
          ${groups.map((one) => html`<optgroup key=${one.name} label=${one.label}>
            ${one.metrics.filter((m) => m.unit !== "timestamp").map((m) => html`<option key=${m.id} value=${m.id}>${one.label}: ${m.label}</option>`)}
          </optgroup>`)}
        </select>
      </div>
      <div class="below"><p class="muted">${group?.instance ? `The greatest of each host's ${group.label.toLowerCase()}.` : "One line for each host."}</p><${Ranges} /></div>
    </header>
    <${Filters} plain />
    ${groups.length > 0 && !metric && html`<p class="note">There is no metric ${asked}. <a href="/compare">Compare by CPU</a></p>`}
    ${group && metric && html`<${Lines} key=${asked} names=${names.slice(0, MOST)} left=${Math.max(0, names.length - MOST)} group=${group} metric=${metric} />`}`;
}

/**
 * Lines is the chart and the table of a metric.
 * @param {{ names: string[], left: number, group: Group, metric: Metric }} props
 */
function Lines({ names, left, group, metric }) {
  const [read, setRead] = useState(/** @type {{ chart?: Chart, bounds?: [number, number], error?: string }} */ ({}));
  const shown = range.value;
  const open = store.history.value?.open;
  const back = store.returns.value;
  const again = shown.end === 0 ? turn.value : 0;
  const series = "systant_" + metric.id.replace(".", "_");
  const hosts = names.join("|");
  useEffect(() => {
    if (!open || names.length === 0) return;
    const stop = new AbortController();
    const window = bounds(shown);
    const step = stepFor(shown.span, POINTS);
    const named = `${series}{host=~"${hosts.replace(/[^a-z0-9|-]/g, ".")}"}`;
    // A moment of a long time is the mean of it: one sample of six hours says little.
    const selected = step < LONG ? named : `avg_over_time(${named}[${step}s])`;
    askRange(group.instance ? `max by (host) (${selected})` : selected, window, POINTS, stop.signal).then(
      (chart) => setRead({ chart, bounds: window }),
      (error) => stop.signal.aborted || setRead({ error: String(error.message) }),
    );
    return () => stop.abort();
  }, [series, hosts, shown.name, shown.end, shown.span, again, open, back]);
  if (store.history.value === null && store.loaded.value) return html`<p class="note">Nothing is remembered: history is switched off in the dashboard's configuration.</p>`;
  if (names.length === 0) return html`<p class="note">${store.counts.value.all === 0 ? "There is no host yet." : "No host fits."}</p>`;
  if (read.error) return html`<p class="note" role="alert">Not read: ${read.error}</p>`;
  if (!read.chart || !read.bounds) return html`<div class="panel skeleton" aria-busy="true"></div>`;
  const title = `${group.label}: ${metric.label}`;
  const rows = read.chart.lines.map((line) => ({ line, ...figures(line) })).sort((a, b) => b.mean - a.mean);
  return html`<section class="panel" aria-label=${title}>
      <figure class="chart tall"><${Canvas} plan=${{ key: metric.id, title, unit: metric.unit, metrics: [] }} chart=${read.chart} bounds=${read.bounds} height=${320} /></figure>
      <button onClick=${() => read.chart && save(`${metric.id}.csv`, csv(read.chart, (line) => line.instance ?? ""))}>Save as CSV</button>
      ${left > 0 && html` <span class="muted">The first ${MOST} hosts in this order; ${left} more are left out.</span>`}
    </section>
    <section class="panel" aria-label="In figures"><div class="scroller">
      <table class="dense"><thead><tr>
        <th scope="col">Host</th>${["Mean", "Lowest", "Highest", "Last"].map((label) => html`<th key=${label} scope="col" class="number">${label}</th>`)}
      </tr></thead><tbody>
        ${rows.map(({ line, mean, low, high, last }) => html`<tr key=${line.instance}>
          <th scope="row"><a href=${hostURL(line.instance ?? "")}>${line.instance}</a></th>
          ${[mean, low, high, last].map((v, i) => html`<td key=${i} class="number">${format(metric.unit, v)}</td>`)}
        </tr>`)}
      </tbody></table>
    </div></section>`;
}

/**
 * A line in figures.
 * @param {Line} line
 */
function figures(line) {
  const values = /** @type {number[]} */ (line.mean.filter((v) => v !== null));
  return {
    mean: values.reduce((sum, v) => sum + v, 0) / values.length,
    low: Math.min(...values),
    high: Math.max(...values),
    last: values[values.length - 1],
  };
}
