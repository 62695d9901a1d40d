// The groups that a view of their own helps. Every other group, and one that
// a newer agent adds, is shown through the catalogue alone.

import { Cores, CPU, Memory } from "./host-compute.js";
import { Disks, GPUs, Temperatures } from "./host-devices.js";
import { Processes, Units } from "./host-processes.js";
/** @import { Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

/**
 * @typedef {object} View
 * @property {string} width Its classes: "third", "half" or "whole" of a row, and "tall" beside two rows.
 * @property {(props: { section: Section, summary: Summary }) => unknown} [body] The generic view when absent.
 * @property {string[]} [without] Fields that the generic view leaves out.
 */

/**
 * VIEWS are the tailored views and widths, by group name.
 * @type {Record<string, View>}
 */
export const VIEWS = {
  cpu: { width: "third tall", body: CPU },
  core: { width: "third", body: Cores },
  memory: { width: "third tall", body: Memory },
  pressure: { width: "third" },
  disk: { width: "whole", body: Disks },
  block: { width: "whole" },
  network: { width: "whole" },
  temperature: { width: "half tall", body: Temperatures },
  fan: { width: "half", without: ["chip", "label"] },
  power: { width: "half" },
  gpu: { width: "whole", body: GPUs },
  processes: { width: "whole", body: Processes },
  units: { width: "third", body: Units },
};
