// A group with instances as a dense table: a row each, a column a metric.

import { useState } from "./vendor/hooks.js";
import { format } from "./format.js";
import { html } from "./html.js";
import { Bar } from "./parts.js";
import { fieldOf, text } from "./sections.js";
import { fault } from "./summary.js";
import { Value } from "./host-flat.js";
/** @import { Fields, Metric, Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

/**
 * Instances is the view of a group with instances that has no view of its own.
 * @param {{ section: Section, summary: Summary, without?: string[], textsLast?: boolean }} props
 */
export function Instances({ section, summary, without = [], textsLast = false }) {
  const { texts, metrics } = section;
  const columns = (textsLast ? [...metrics, ...texts] : [...texts, ...metrics]).filter((metric) => !without.includes(fieldOf(metric)));
  const [order, setOrder] = useState({ field: "", up: true });
  const rows = sorted(section.rows, order);
  const instance = { id: ".", label: capital(section.instance), unit: "text", help: "" };
  return html`<div class="scroller">
    <table class="dense" aria-label=${section.label}>
      <thead><tr>
        ${[instance, ...columns].map((metric) => html`<${SortHead}
          key=${metric.id} field=${fieldOf(metric)} label=${metric.label} help=${metric.help}
          number=${metric.unit !== "text"} order=${order} onOrder=${setOrder}
        />`)}
      </tr></thead>
      <tbody>
        ${rows.map((row) => html`<tr key=${row.key}>
          <th scope="row" title=${row.key}>${row.key}</th>
          ${columns.map((metric) => html`<${Cell}
            key=${metric.id} metric=${metric} fields=${row.fields}
            severity=${fault(summary, metric.id, row.key)}
          />`)}
        </tr>`)}
      </tbody>
    </table>
  </div>`;
}

/**
 * SortHead is a column's head that sorts the table; a second click turns it.
 * @param {{ field: string, label: string, help?: string, number: boolean, order: { field: string, up: boolean }, onOrder: (order: { field: string, up: boolean }) => void }} props
 */
export function SortHead({ field, label, help, number, order, onOrder }) {
  const active = order.field === field;
  const direction = active ? (order.up ? "ascending" : "descending") : undefined;
  const arrow = active && html`<span aria-hidden="true"> ${order.up ? "↑" : "↓"} </span>`;
  const click = () => onOrder({ field, up: active ? !order.up : !number });
  return html`<th scope="col" class=${number ? "number" : ""} aria-sort=${direction}>
    <button title=${help} onClick=${click}>${number && arrow}${label}${!number && arrow}</button>
  </th>`;
}

/**
 * Rows in the order asked for; those without a value last.
 * @template {{ key: string, fields: Fields }} R
 * @param {R[]} rows
 * @param {{ field: string, up: boolean }} order
 * @returns {R[]}
 */
export function sorted(rows, { field, up }) {
  if (field === "") return up ? rows : rows.toReversed();
  return rows.toSorted((a, b) => {
    const [x, y] = [a.fields[field], b.fields[field]];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === "number" && typeof y === "number" ? x - y : text(x).localeCompare(text(y));
    return up ? order : -order;
  });
}

/**
 * Cell is one value; a percentage has a thin bar.
 * @param {{ metric: Metric, fields: Fields, severity: import("./types.js").Severity | undefined }} props
 */
export function Cell({ metric, fields, severity }) {
  const value = fields[fieldOf(metric)];
  const tone = severity ? " is-" + severity : "";
  if (metric.unit === "text") return html`<td class="words clip" title=${text(value)}>${text(value)}</td>`;
  if (metric.unit === "percent" && typeof value === "number") {
    return html`<td class="number with-bar"><span>
      <${Bar} percent=${value} severity=${severity} />
      <span class=${tone}>${format("percent", value)}</span>
    </span></td>`;
  }
  return html`<td class=${"number" + tone + (value === undefined ? " muted" : "")}><${Value} unit=${metric.unit} value=${value} /></td>`;
}

/**
 * A word with a capital first letter.
 * @param {string} word
 */
function capital(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
