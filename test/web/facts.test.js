// The words below a host's name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT } from "./page.js";

const { facts } = await import(new URL("host-facts.js", ROOT).href);

/** The facts of a host whose sample has what a case sets. */
function of(stats, summary = {}) {
  return facts({ name: "nas", os: "NixOS", os_version: "25.11", kernel: "6.12.41", architecture: "x86_64", tags: ["home"], ...summary }, { stats }, 60);
}

test("what a host is", () => {
  assert.deepEqual(of({}), ["NixOS 25.11", "Linux 6.12.41 x86_64", "up 1\u2009min", "home"]);
  assert.deepEqual(of({ system: { uptime_seconds: 120, machine: "A", cpu_model: "B" } }).slice(2), ["up 2\u2009min", "A", "B", "home"]);
  assert.deepEqual(facts(undefined, null, undefined), ["\u00a0"]);
  assert.deepEqual(facts({ name: "nas" }, null, undefined), []);
});

test("what the next boot changes", () => {
  const check = (stats, want) => assert.deepEqual(of(stats).slice(2, -2), want);
  check({ nixos: { generation: 212, state: "booted" }, system: { reboot_needed: 0 } }, ["generation 212"]);
  check({ nixos: { generation: 212, state: "built" } }, ["generation 212 not activated"]);
  check({ nixos: { generation: 212, state: "activated" }, system: { reboot_needed: 1, reboot_reasons: ["kernel 6.12.41 → 6.12.43"] } }, [
    "generation 212 activated since the boot",
    "reboot needed: kernel 6.12.41 → 6.12.43",
  ]);
  check({ system: { reboot_needed: 1 } }, ["reboot needed"]);
});

test("what an odd agent sends", () => {
  const check = (stats, want) => assert.deepEqual(of(stats).slice(2, -2), want);
  check({ nixos: { generation: "212", state: "built" }, system: { reboot_needed: "yes", reboot_reasons: ["a"] } }, []);
  check({ nixos: { generation: 1, state: "toString" }, system: { reboot_needed: 1, reboot_reasons: [{}, 7, "libc6"] } }, ["generation 1", "reboot needed: libc6"]);
  check({ system: { reboot_needed: 1, reboot_reasons: "libc6" } }, ["reboot needed"]);
});
