// What a summary says about faults. Thresholds are the dashboard's, not the
// page's: a value is a fault where a reason names it.

/** @import { Reason, Severity, Summary } from "./types.js" */

/**
 * The reasons, worst first.
 * @param {Summary} summary
 * @returns {Reason[]}
 */
export function reasons(summary) {
  return [...(summary.reasons ?? [])].sort((a, b) => Number(b.severity === "critical") - Number(a.severity === "critical"));
}

/**
 * The severity of a value: that of the worst reason that names its metric
 * and, where given, its instance.
 * @param {Summary} summary
 * @param {string} metric
 * @param {string} [instance]
 * @returns {Severity | undefined}
 */
export function fault(summary, metric, instance) {
  const named = reasons(summary).find(
    (one) => one.metric === metric && (instance === undefined || (one.instance ?? "") === instance),
  );
  return named?.severity;
}
