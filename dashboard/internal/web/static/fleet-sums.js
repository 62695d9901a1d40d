// What the whole fleet has and uses, in a line: asked of the history, once a
// minute. Disks are left out, as many hosts show what they share.

import { useEffect, useState } from "./vendor/hooks.js";
import { now } from "./clock.js";
import { format, three } from "./format.js";
import { html } from "./html.js";
import * as store from "./store.js";

/** EVERY is how often the sums are asked for again, in milliseconds. */
const EVERY = 60_000;

/** ASKED are the sums, by name, in one question. */
const ASKED = {
  cores: "sum(systant_cpu_count)",
  busy: "sum(systant_cpu_usage_percent * systant_cpu_count) / 100",
  used: "sum(systant_memory_used_bytes)",
  memory: "sum(systant_memory_total_bytes)",
};

/** QUESTION is that question: each sum has its name as a label. */
const QUESTION = Object.entries(ASKED).map(([name, sum]) => `label_replace(${sum}, "sum", "${name}", "", "")`).join(" or ");

/** Sums is the line; it is empty until there is an answer. */
export function Sums() {
  const [sums, setSums] = useState(/** @type {Record<string, number>} */ ({}));
  const open = store.history.value?.open ?? false;
  const turn = Math.floor(now.value / EVERY);
  useEffect(() => {
    if (!open || document.visibilityState === "hidden") return;
    const stop = new AbortController();
    fetch("/api/v1/query", { method: "POST", body: new URLSearchParams({ query: QUESTION }), signal: stop.signal })
      .then((response) => response.json())
      .then((body) => setSums(Object.fromEntries(body.data.result.map((/** @type {{ metric: { sum: string }, value: [number, string] }} */ one) => [one.metric.sum, Number(one.value[1])]))))
      .catch(() => {}); // the page is whole without them
    return () => stop.abort();
  }, [open, turn]);
  const { cores, busy, used, memory } = sums;
  return html`<p class="sums muted">
    ${cores > 0 && html`<span>${three(busy)} of ${format("count", cores)} cores busy</span>`}
    ${memory > 0 && html`<span>${format("bytes", used)} of ${format("bytes", memory)} memory used</span>`}
  </p>`;
}
