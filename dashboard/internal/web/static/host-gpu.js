// GPUs.

import { format } from "./format.js";
import { Gauge, Pair } from "./host-flat.js";
import { html } from "./html.js";
import { fieldOf, text } from "./sections.js";
/** @import { Fields, Metric, Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

/**
 * GPUs is a panel for each GPU.
 * @param {{ section: Section, summary: Summary }} props
 */
export function GPUs({ section, summary }) {
  return html`<div class="gpus">
    ${section.rows.map(({ key, fields }) => html`<${GPU} key=${key} section=${section} id=${key} fields=${fields} summary=${summary} />`)}
  </div>`;
}

/**
 * GPU is one GPU: its percentages, its other numbers, and its programs.
 * @param {{ section: Section, id: string, fields: Fields, summary: Summary }} props
 */
function GPU({ section, id, fields, summary }) {
  const present = section.metrics.filter((metric) => fields[fieldOf(metric)] !== undefined);
  const isPercent = (/** @type {Metric} */ metric) => metric.unit === "percent";
  const of = { fields, summary, instance: id };
  const programs = Array.isArray(fields.processes) ? fields.processes : [];
  const words = section.texts.map(fieldOf).filter((field) => field !== "name");
  const about = [...words.map((field) => text(fields[field])), id].filter(Boolean).join(" · ");
  return html`<article class="gpu">
    <h3>${text(fields.name) || id}</h3>
    <p class="muted clip" title=${about}>${about}</p>
    <dl class="gauges">
      ${present.filter(isPercent).map((metric) => html`<${Gauge} key=${metric.id} metric=${metric} ...${of} />`)}
    </dl>
    <dl class="pairs">
      ${present.filter((one) => !isPercent(one)).map((metric) => html`<${Pair} key=${metric.id} metric=${metric} ...${of} />`)}
    </dl>
    ${programs.length > 0 && html`<table class="dense">
      <thead><tr><th scope="col" class="number">PID</th><th scope="col">Program</th><th scope="col" class="number">GPU memory</th></tr></thead>
      <tbody>${programs.map((one) => html`<tr key=${one.pid}>
        <td class="number muted">${String(one.pid)}</td>
        <th scope="row">${text(one.name)}</th>
        <td class="number">${format("bytes", one.memory_bytes)}</td>
      </tr>`)}</tbody>
    </table>`}
  </article>`;
}
