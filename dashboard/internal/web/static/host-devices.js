// Filesystems and temperatures.

import { format } from "./format.js";
import { Cell, Instances } from "./host-instances.js";
import { html } from "./html.js";
import { Bar } from "./parts.js";
import { fieldOf } from "./sections.js";
import { fault } from "./summary.js";
/** @import { Fields, Metric, Severity, Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

/**
 * Disks puts the usage first, and what the filesystem is last.
 * @param {{ section: Section, summary: Summary }} props
 */
export function Disks({ section, summary }) {
  const first = ["usage_percent", "used_bytes", "available_bytes", "total_bytes"];
  const rank = (/** @type {Metric} */ metric) => (first.includes(fieldOf(metric)) ? first.indexOf(fieldOf(metric)) : 9);
  const metrics = section.metrics.toSorted((a, b) => rank(a) - rank(b));
  return html`<${Instances} section=${{ ...section, metrics }} summary=${summary} textsLast=${true} />`;
}

/** LIMITS are the fields of a sensor that have columns of their own. */
const LIMITS = ["value_celsius", "high_celsius", "critical_celsius"];

/**
 * Temperatures shows each sensor against its own limits; a bar ends at the
 * critical limit, or at the high one, and is absent where there is neither.
 * @param {{ section: Section, summary: Summary }} props
 */
export function Temperatures({ section, summary }) {
  const more = section.metrics.filter((metric) => !LIMITS.includes(fieldOf(metric)));
  return html`<div class="scroller" tabindex="0" role="group" aria-label=${section.label + ", table"}>
    <table class="dense">
      <thead><tr>
        <th scope="col">Sensor</th>
        <th scope="col" class="limit"><span class="unseen">Of the limit</span></th>
        <th scope="col" class="number">Now</th>
        <th scope="col" class="number">High</th>
        <th scope="col" class="number">Critical</th>
        ${more.map((metric) => html`<th scope="col" key=${metric.id} class="number">${metric.label}</th>`)}
      </tr></thead>
      <tbody>${section.rows.map(({ key, fields }) => {
        const limit = fields.critical_celsius ?? fields.high_celsius;
        const value = typeof fields.value_celsius === "number" ? fields.value_celsius : undefined;
        const part = typeof limit === "number" && value !== undefined ? (100 * value) / limit : undefined;
        const severity = fault(summary, "temperature.value_celsius", key) ?? overLimit(fields);
        return html`<tr key=${key}>
          <th scope="row" title=${key}>${key}</th>
          <td class="limit">${part !== undefined && html`<${Bar} percent=${part} severity=${severity} />`}</td>
          <td class=${"number is-" + (severity ?? "plain")}>${format("celsius", value)}</td>
          <td class="number muted">${format("celsius", fields.high_celsius)}</td>
          <td class="number muted">${format("celsius", fields.critical_celsius)}</td>
          ${more.map((metric) => html`<${Cell} key=${metric.id} metric=${metric} fields=${fields} severity=${fault(summary, metric.id, key)} />`)}
        </tr>`;
      })}</tbody>
    </table>
  </div>`;
}

/**
 * The severity by the sensor's own limits.
 * @param {Fields} fields
 * @returns {Severity | undefined}
 */
function overLimit({ value_celsius: value, high_celsius: high, critical_celsius: critical }) {
  if (typeof value !== "number") return undefined;
  if (typeof critical === "number" && value >= critical) return "critical";
  return typeof high === "number" && value >= high ? "warning" : undefined;
}
