// Processes and systemd units.

import { useState } from "./vendor/hooks.js";
import { format } from "./format.js";
import { Flat } from "./host-flat.js";
import { Cell, SortHead, sorted } from "./host-instances.js";
import { html } from "./html.js";
import { Ago } from "./parts.js";
import { text } from "./sections.js";
import { fault } from "./summary.js";
/** @import { Fields, Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

/**
 * COLUMNS of a table of processes.
 * @type {{ field: string, label: string, unit: string, help?: string }[]}
 */
const COLUMNS = [
  { field: "pid", label: "PID", unit: "plain" },
  { field: "name", label: "Name", unit: "text" },
  { field: "user", label: "User", unit: "text" },
  { field: "state", label: "State", unit: "text", help: "R running, S sleeping, D waiting for I/O, Z ended, T stopped, I idle" },
  { field: "cpu_percent", label: "CPU", unit: "percent", help: "Of one logical CPU since the sample before" },
  { field: "memory_bytes", label: "Memory", unit: "bytes", help: "Resident set" },
  { field: "threads", label: "Threads", unit: "count" },
  { field: "started", label: "Started", unit: "time" },
];

/**
 * Processes is the counts and the two tables of those that use most.
 * @param {{ section: Section, summary: Summary }} props
 */
export function Processes({ section, summary }) {
  const fields = section.rows[0].fields;
  return html`
    <${Flat} section=${section} summary=${summary} />
    <div class="twins">
      <${Top} rows=${fields.top_cpu} caption="Most CPU" field="cpu_percent" />
      <${Top} rows=${fields.top_memory} caption="Most memory" field="memory_bytes" />
    </div>
  `;
}

/**
 * Top is one table of processes, at first in the order of one field.
 * @param {{ rows: unknown, caption: string, field: string }} props
 */
function Top({ rows, caption, field }) {
  const [order, setOrder] = useState({ field, up: false });
  if (!Array.isArray(rows) || rows.length === 0) return null;
  const listed = sorted(rows.map((/** @type {Fields} */ fields) => ({ key: String(fields.pid), fields })), order);
  const commands = rows.some((/** @type {Fields} */ fields) => fields.command);
  const columns = commands ? [...COLUMNS, { field: "command", label: "Command", unit: "text" }] : COLUMNS;
  return html`<div class="scroller">
    <table class="dense">
      <caption>${caption}</caption>
      <thead><tr>
        ${columns.map((column) => html`<${SortHead}
          key=${column.field} ...${column} number=${column.unit !== "text"} order=${order} onOrder=${setOrder}
        />`)}
      </tr></thead>
      <tbody>
        ${listed.map((row) => html`<tr key=${row.key}>
          ${columns.map((column) => html`<${Field} key=${column.field} column=${column} fields=${row.fields} />`)}
        </tr>`)}
      </tbody>
    </table>
  </div>`;
}

/**
 * Field is one cell of a process; a CPU share of several CPUs passes 100, so
 * that it has no bar.
 * @param {{ column: { field: string, unit: string, label: string }, fields: Fields }} props
 */
function Field({ column, fields }) {
  const value = fields[column.field];
  if (column.field === "name") return html`<th scope="row" class="clip" title=${text(value)}>${text(value)}</th>`;
  if (column.unit === "plain") return html`<td class="number muted">${String(value)}</td>`;
  if (column.unit === "percent") return html`<td class="number"><span class="value of-percent">${format("percent", value)}</span></td>`;
  if (column.unit === "time") {
    const ago = typeof value === "string" && html`<${Ago} time=${value} />`;
    return html`<td class="number muted"><span class="value of-timestamp">${ago}</span></td>`;
  }
  const metric = { id: "process." + column.field, label: column.label, unit: column.unit, help: "" };
  return html`<${Cell} metric=${metric} fields=${fields} severity=${undefined} />`;
}

/**
 * Units is the state of systemd and the failed units.
 * @param {{ section: Section, summary: Summary }} props
 */
export function Units({ section, summary }) {
  const fields = section.rows[0].fields;
  const failed = Array.isArray(fields.failed_units) ? fields.failed_units : [];
  const severity = fault(summary, "units.failed") ?? "plain";
  return html`
    <${Flat} section=${section} summary=${summary} />
    <ul class="units">
      ${failed.map((unit) => html`<li key=${unit.name}>
        <span class=${"is-" + severity}>${text(unit.name)}</span> <span class="muted">${text(unit.sub_state)}</span>
        <p class="muted">${text(unit.description)}</p>
      </li>`)}
    </ul>
  `;
}
