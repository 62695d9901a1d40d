// Where the page lies, for the tests.

import { readFileSync, readdirSync } from "node:fs";

/** ROOT is the folder of the page's files. */
export const ROOT = new URL("../../dashboard/internal/web/static/", import.meta.url);

/**
 * The text of one of the page's files.
 * @param {string} name
 */
export function read(name) {
  return readFileSync(new URL(name, ROOT), "utf8");
}

/**
 * The page's files, vendored ones included, with a given end of their names.
 * @param {string} end
 */
export function files(end) {
  return readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(end)).sort();
}
