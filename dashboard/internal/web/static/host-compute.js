// CPU, cores and memory.

import { format } from "./format.js";
import { Flat } from "./host-flat.js";
import { html } from "./html.js";
import { later } from "./later.js";
import { Bar } from "./parts.js";
import { at } from "./rewind.js";
import { fieldOf } from "./sections.js";
import * as store from "./store.js";
import { fault } from "./summary.js";
/** @import { Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

const Tail = later(() => import("./host-tail.js").then((module) => module.Tail));

/**
 * CPU is the usage, large and as a line, above the group's fields.
 * @param {{ section: Section, summary: Summary }} props
 */
export function CPU({ section, summary }) {
  return html`
    <${Headline} section=${section} summary=${summary} label="CPU usage" />
    <${Flat} section=${section} summary=${summary} without=${["usage_percent"]} />
  `;
}

/**
 * Memory is the same for memory, with the bytes in words.
 * @param {{ section: Section, summary: Summary }} props
 */
export function Memory({ section, summary }) {
  const fields = section.rows[0].fields;
  const aside = `${format("bytes", fields.used_bytes)} of ${format("bytes", fields.total_bytes)}`;
  return html`
    <${Headline} section=${section} summary=${summary} label="Memory usage" aside=${aside} />
    <${Flat} section=${section} summary=${summary} without=${["usage_percent", "used_bytes", "total_bytes"]} />
  `;
}

/**
 * Headline is a group's usage_percent: large, and where nothing is remembered
 * to draw a chart of, as a line of the values that came while this page was open.
 * @param {{ section: Section, summary: Summary, label: string, aside?: string }} props
 */
function Headline({ section, summary, label, aside }) {
  const id = section.name + ".usage_percent";
  const severity = fault(summary, id);
  return html`<div class="headline">
    <p class=${"large is-" + (severity ?? "plain")}>${format("percent", section.rows[0].fields.usage_percent)}</p>
    <div class="trace">
      ${at.value === 0 && store.history.value === null && html`<${Tail} metric=${id} label=${label} />`}
      <p class="muted">${aside}</p>
    </div>
  </div>`;
}

/**
 * Cores is a small bar for each logical CPU.
 * @param {{ section: Section, summary: Summary }} props
 */
export function Cores({ section, summary }) {
  const rows = section.rows.toSorted((a, b) => Number(a.key) - Number(b.key));
  return html`<ul class=${"cores" + (rows.length > 32 ? " many" : "")}>
    ${rows.map(({ key, fields }) => {
      const usage = typeof fields.usage_percent === "number" ? fields.usage_percent : undefined;
      const all = section.metrics.map((metric) => `${metric.label} ${format(metric.unit, fields[fieldOf(metric)])}`);
      return html`<li key=${key} title=${`CPU ${key}: ${all.join(", ")}`}>
        <span class="muted">${key}</span>
        <${Bar} percent=${usage} severity=${fault(summary, "core.usage_percent", key)} />
        <span class="number">${usage === undefined ? "–" : Math.round(usage)}</span>
      </li>`;
    })}
  </ul>`;
}
