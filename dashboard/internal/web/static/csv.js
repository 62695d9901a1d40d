// What a chart shows, as a file.

/** @import { Chart, Line } from "./types.js" */

/**
 * Rows as CSV (RFC 4180): a column for the time and one for each line.
 * @param {Chart} chart
 * @param {(line: Line) => string} name
 */
export function csv(chart, name) {
  const cell = (/** @type {unknown} */ value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  // A name that begins like a formula must not become one in a spreadsheet.
  const safe = (/** @type {string} */ text) => (/^[=+\-@\t\r]/.test(text) ? "'" + text : text);
  const columns = chart.lines.flatMap((line) => {
    const own = safe(name(line));
    if (!line.low || !line.high) return [{ name: own, values: line.mean }];
    return [{ name: own, values: line.mean }, { name: own + " (low)", values: line.low }, { name: own + " (high)", values: line.high }];
  });
  const head = ["time", ...columns.map((one) => one.name)];
  const rows = chart.times.map((at, i) => [new Date(at * 1000).toISOString(), ...columns.map((one) => one.values[i])]);
  return [head, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/**
 * Has the browser save a text as a file.
 * @param {string} name
 * @param {string} text
 */
export function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
