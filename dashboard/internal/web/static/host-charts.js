// The charts of a host's sections: what they show, and when it is read anew.

import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { Canvas } from "./chart.js";
import { ask } from "./ask.js";
import { plans } from "./chart-plan.js";
import { turn } from "./clock.js";
import { html } from "./html.js";
import { failed } from "./later.js";
import { bounds, OFFSETS, range } from "./range.js";
import { at, happenings, rewind } from "./rewind.js";
import { query } from "./router.js";
import * as store from "./store.js";
/** @import { Chart } from "./types.js" */
/** @import { Plan } from "./chart-plan.js" */
/** @import { Section } from "./sections.js" */

/** POINTS is how many moments there is room for in a chart. */
const POINTS = 300;

/**
 * Charts are those of one section of a host.
 * @param {{ host: string, section: Section }} props
 */
export function Charts({ host, section }) {
  if (store.history.value === null) return null;
  const all = plans(section);
  if (all.length === 0) return null;
  return html`<div class="charts">
    ${all.map((plan) => html`<${One} key=${plan.key} host=${host} plan=${plan} />`)}
  </div>`;
}

/**
 * One is a chart that is read while it is in sight: at first, when another time
 * is shown, and as samples come, as often as they would move a line.
 * @param {{ host: string, plan: Plan }} props
 */
function One({ host, plan }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [seen, setSeen] = useState(false);
  const [read, setRead] = useState(/** @type {Read} */ ({}));
  const shown = range.value;
  const beforeName = query.value.get("before") ?? "";
  const sample = shown.end === 0 ? store.detail.value?.host.timestamp : undefined;
  useEffect(() => {
    const watch = new IntersectionObserver((entries) => setSeen(entries[entries.length - 1].isIntersecting), { rootMargin: "200px" });
    if (place.current) watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  const open = store.history.value?.open;
  const back = store.returns.value;
  const step = shown.span / POINTS;
  // By the clock too: a silent host's charts go on.
  const last = Math.max(Date.parse(sample ?? "") || 0, turn.value);
  const again = shown.end === 0 ? Math.floor(last / 1000 / Math.max(step, 1)) : 0;
  useEffect(() => {
    if (!seen || !open) return;
    const stop = new AbortController();
    const [from, now] = bounds(shown);
    const offset = Object.hasOwn(OFFSETS, beforeName) ? OFFSETS[beforeName] : 0;
    // The last sample belongs to the present, even where a clock is ahead.
    const to = sample === undefined ? now : Math.max(now, Math.ceil(Date.parse(sample) / 1000));
    const read = (/** @type {number} */ ago) => fetchChart(host, plan, from - ago, to - ago, stop.signal);
    const both = async () => {
      const [{ beside }, chart, earlier] = await Promise.all([import("./chart-before.js"), read(0), read(offset)]);
      return beside(chart, earlier, offset);
    };
    (offset === 0 ? read(0) : both()).then(
      (chart) => setRead({ chart, bounds: [from, to] }),
      (error) => stop.signal.aborted || setRead((last) => ({ ...last, error: String(error.message) })),
    );
    return () => stop.abort();
  }, [seen, open, host, plan.key, shown.name, shown.end, shown.span, again, beforeName, back]);
  return html`<figure class="chart" ref=${place} aria-busy=${(seen && read.chart === undefined && read.error === undefined) || undefined}>
    <figcaption><span class="clip" title=${plan.title}>${plan.title}</span>
      ${read.chart && html`<button class="plain" aria-label=${`Save as CSV: ${plan.title}`} onClick=${() => keep(host, plan, read.chart).catch(failed)}>CSV</button>`}
    </figcaption>
    ${read.error && html`<p class="muted">Not read: ${read.error}</p>`}
    ${read.chart && read.chart.times.length === 0 && html`<p class="muted">Nothing is remembered of this time.</p>`}
    ${read.chart && read.bounds && read.chart.times.length > 0 && html`<${Canvas} plan=${plan} chart=${read.chart} bounds=${read.bounds} marks=${{ happenings: happenings.value, at: at.value }} onPick=${rewind} />`}
  </figure>`;
}

/**
 * Saves what a chart shows.
 * @param {string} host
 * @param {Plan} plan
 * @param {Chart | undefined} chart
 */
async function keep(host, plan, chart) {
  const { csv, save } = await import("./csv.js");
  if (chart) save(`${host} ${plan.title.replace(/[^\p{L}\p{N}]+/gu, " ").trim()}.csv`, csv(chart, (line) => [line.metric, line.instance].filter(Boolean).join(" ")));
}

/**
 * @typedef {object} Read What has been read for a chart.
 * @property {Chart} [chart]
 * @property {[number, number]} [bounds]
 * @property {string} [error]
 */

/**
 * Reads a chart.
 * @param {string} host
 * @param {Plan} plan
 * @param {number} from
 * @param {number} to
 * @param {AbortSignal} signal
 * @returns {Promise<Chart>}
 */
function fetchChart(host, plan, from, to, signal) {
  const asked = new URLSearchParams({
    metrics: plan.metrics.map((one) => one.id).join(","),
    start: from.toFixed(0),
    end: to.toFixed(0),
    points: String(POINTS),
  });
  return ask(`/api/hosts/${encodeURIComponent(host)}/history?${asked}`, signal);
}
