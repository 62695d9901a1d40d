// The groups that a view of their own helps. Every other group, and one that
// a newer agent adds, is shown through the catalogue alone.

import { Cores, CPU, Memory } from "./host-compute.js";
import { Disks, Temperatures } from "./host-devices.js";
import { Processes, Units } from "./host-processes.js";
import { later } from "./later.js";
/** @import { Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

// Few hosts have one.
const GPUs = later(() => import("./host-gpu.js").then((module) => module.GPUs));

/**
 * @typedef {object} View
 * @property {string} width Its class: a "third", a "half" or the "whole" of a row.
 * @property {(props: { section: Section, summary: Summary }) => unknown} [body] The generic view when absent.
 * @property {string[]} [without] Fields that the generic view leaves out.
 * @property {string} [below] The group that it stands below, where the host has that.
 */

/**
 * VIEWS are the tailored views and widths, by group name.
 * @type {Record<string, View>}
 */
export const VIEWS = {
  cpu: { width: "third", body: CPU },
  core: { width: "third", body: Cores },
  memory: { width: "third", body: Memory },
  pressure: { width: "third", below: "core" },
  disk: { width: "whole", body: Disks },
  block: { width: "whole" },
  network: { width: "whole" },
  temperature: { width: "half", body: Temperatures },
  fan: { width: "half", without: ["chip", "label"] },
  gpu: { width: "whole", body: GPUs },
  processes: { width: "whole", body: Processes },
  units: { width: "third", body: Units },
};
