// What a host is, in the words below its name.

import { format } from "./format.js";
/** @import { Detail, Fields, Summary } from "./types.js" */

/**
 * STATES are how the generation that the next boot starts relates to the system
 * that runs, by the payload's word.
 * @type {Record<string, string>}
 */
const STATES = { activated: "activated since the boot", built: "not activated", test: "but a system under test runs" };

/**
 * What the host is: system, kernel, what the next boot changes, uptime, machine, tags.
 * @param {Summary | undefined} summary
 * @param {Detail | null} detail
 * @param {number | undefined} seconds Its uptime, where there is no detail.
 * @returns {string[]}
 */
export function facts(summary, detail, seconds) {
  if (summary === undefined) return ["\u00a0"];
  const system = /** @type {Fields} */ (detail?.stats?.system ?? {});
  const uptime = system.uptime_seconds ?? seconds;
  const all = [
    [summary.os, summary.os_version].filter(Boolean).join(" "),
    [summary.kernel && "Linux " + summary.kernel, summary.architecture].filter(Boolean).join(" "),
    generation(/** @type {Fields} */ (detail?.stats?.nixos ?? {})),
    reboot(system),
    typeof uptime === "number" ? "up " + format("seconds", uptime) : "",
    typeof system.machine === "string" ? system.machine : "",
    typeof system.cpu_model === "string" ? system.cpu_model : "",
    (summary.tags ?? []).join(", "),
  ];
  return all.filter((fact) => fact !== "");
}

/**
 * The generation of a NixOS host.
 * @param {Fields} nixos
 */
function generation({ generation, state }) {
  if (typeof generation !== "number") return "";
  const words = typeof state === "string" && Object.hasOwn(STATES, state) ? " " + STATES[state] : "";
  return "generation " + generation + words;
}

/**
 * Whether the host waits for a reboot, and why.
 * @param {Fields} system
 */
function reboot({ reboot_needed: needed, reboot_reasons: reasons }) {
  if (needed !== 1) return "";
  const words = Array.isArray(reasons) ? reasons.filter((one) => typeof one === "string") : [];
  return words.length === 0 ? "reboot needed" : "reboot needed: " + words.join(", ");
}
