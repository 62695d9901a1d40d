// Rules that the page's files keep.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { files, read } from "./page.js";

/** own are the page's own scripts, vendored those of others. */
const own = files(".js").filter((name) => !name.startsWith("vendor/"));
const vendored = files(".js").filter((name) => name.startsWith("vendor/"));

test("vendored files are those that VENDOR.json lists, unchanged", () => {
  const { files: listed } = JSON.parse(read("vendor/VENDOR.json"));
  const styles = files(".css").filter((name) => name.startsWith("vendor/"));
  assert.deepEqual(listed.map((one) => "vendor/" + one.file).sort(), [...vendored, ...styles].sort());
  for (const one of listed) {
    const hash = "sha384-" + createHash("sha384").update(read("vendor/" + one.file)).digest("base64");
    assert.equal(hash, one.integrity, one.file);
    assert.notEqual(read("vendor/" + one.licence_file), "", one.licence_file);
  }
});

test("modules stay under 200 lines", () => {
  for (const name of own) assert.ok(read(name).split("\n").length <= 200, name);
});

test("text is never made markup, and nothing is inline", () => {
  for (const name of own) assert.doesNotMatch(read(name), /innerHTML|outerHTML|insertAdjacentHTML|dangerously|document\.write|\beval\(/, name);
  assert.doesNotMatch(read("index.html"), /<script(?![^>]* src=)|<style| on[a-z]+=| style=/);
});

test("every custom property is declared", () => {
  for (const name of files(".css")) {
    const declared = new Set([...(read("tokens.css") + read(name)).matchAll(/(--[a-z0-9-]+):/g)].map(([, one]) => one));
    for (const [, used] of read(name).matchAll(/var\((--[a-z0-9-]+)/g)) assert.ok(declared.has(used), `${name}: ${used}`);
  }
});
