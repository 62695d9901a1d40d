// A group without instances: percentages as bars, the rest as label and value.

import { format } from "./format.js";
import { html } from "./html.js";
import { Ago, Bar } from "./parts.js";
import { fieldOf, text } from "./sections.js";
import { fault } from "./summary.js";
/** @import { Fields, Metric, Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

/**
 * Flat is the view of a group that has no view of its own.
 * @param {{ section: Section, summary: Summary, without?: string[] }} props
 */
export function Flat({ section, summary, without = [] }) {
  const shown = section.metrics.filter((metric) => !without.includes(fieldOf(metric)));
  const bars = shown.filter((metric) => metric.unit === "percent");
  const rest = shown.filter((metric) => metric.unit !== "percent");
  const texts = section.texts.filter((metric) => !without.includes(fieldOf(metric)));
  const fields = section.rows[0].fields;
  return html`
    ${bars.length > 0 && html`<dl class="gauges">
      ${bars.map((metric) => html`<${Gauge} key=${metric.id} metric=${metric} fields=${fields} summary=${summary} instance="" />`)}
    </dl>`}
    ${rest.length + texts.length > 0 && html`<dl class="pairs">
      ${rest.map((metric) => html`<${Pair} key=${metric.id} metric=${metric} fields=${fields} summary=${summary} />`)}
      ${texts.map((metric) => html`<${Words} key=${metric.id} label=${metric.label} words=${text(fields[fieldOf(metric)])} />`)}
    </dl>`}
  `;
}

/**
 * Words is a name and a text, on a row of its own.
 * @param {{ label: string, words: string }} props
 */
function Words({ label, words }) {
  return html`<div class="long">
    <dt>${label}</dt>
    <dd class="clip" title=${words}>${words}</dd>
  </div>`;
}

/**
 * Gauge is a percentage: name, bar, value.
 * @param {{ metric: Metric, fields: Fields, summary: Summary, instance: string }} props
 */
export function Gauge({ metric, fields, summary, instance }) {
  const value = fields[fieldOf(metric)];
  const severity = fault(summary, metric.id, instance);
  return html`<div class="gauge">
    <dt class="clip" title=${metric.help}>${metric.label}</dt>
    <dd class="gauge-bar"><${Bar} percent=${typeof value === "number" ? value : undefined} severity=${severity} /></dd>
    <dd class=${"number is-" + (severity ?? "plain")}>${format(metric.unit, value)}</dd>
  </div>`;
}

/**
 * Pair is a name and a value.
 * @param {{ metric: Metric, fields: Fields, summary: Summary, instance?: string }} props
 */
export function Pair({ metric, fields, summary, instance = "" }) {
  const severity = fault(summary, metric.id, instance);
  return html`<div>
    <dt class="clip" title=${metric.help}>${metric.label}</dt>
    <dd class=${"number is-" + (severity ?? "plain")}><${Value} unit=${metric.unit} value=${fields[fieldOf(metric)]} /></dd>
  </div>`;
}

/**
 * Value is a number with its unit, in the width of the unit's widest text,
 * so that columns stay where they are; a moment is relative, with the exact time
 * on hover.
 * @param {{ unit: string, value: unknown }} props
 */
export function Value({ unit, value }) {
  const time = unit === "timestamp" && typeof value === "number";
  return html`<span class=${"value of-" + unit}>${time ? html`<${Ago} time=${format(unit, value)} />` : format(unit, value)}</span>`;
}
