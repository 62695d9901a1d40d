// Order and filters of the fleet, and the sections of a host.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT } from "./page.js";

const { choice, grouped, ordered } = await import(new URL("order.js", ROOT).href);
const { sections } = await import(new URL("sections.js", ROOT).href);

/** A summary with what a case sets. */
function host(name, fields = {}) {
  return { name, state: "online", severity: "ok", reasons: [], tags: [], os: "NixOS", readings: [], ...fields };
}

/** The names in the order of a query. */
function names(hosts, query) {
  return ordered(hosts, choice(new URLSearchParams(query)));
}

/** A host's CPU usage as its only reading. */
const cpu = (value) => ({ readings: [{ metric: "cpu.usage_percent", value }] });

test("worst first, equals by name with numbers as numbers", () => {
  const hosts = [
    host("web-10"),
    host("web-2"),
    host("d", { state: "stale" }),
    host("c", { severity: "warning" }),
    host("b", { state: "offline", severity: "critical" }),
    host("a", { severity: "critical" }),
  ];
  assert.deepEqual(names(hosts, ""), ["a", "b", "c", "d", "web-2", "web-10"]);
});

test("by value, hosts without it last", () => {
  assert.deepEqual(names([host("a", cpu(3)), host("b", cpu(50)), host("c")], "sort=cpu"), ["b", "a", "c"]);
  assert.deepEqual(names([host("b"), host("a")], "sort=nonsense"), ["a", "b"]);
});

test("groups", () => {
  const hosts = [host("c", { tags: ["x", "y"] }), host("a", { severity: "critical", tags: ["y"] }), host("b", { os: "" })];
  const told = (by) => grouped(hosts, by).map(({ label, names, first }) => `${label}@${first}: ${names.join(" ")}`);
  assert.deepEqual(told(""), ["@0: c a b"]);
  assert.deepEqual(told("nonsense"), ["@0: c a b"]);
  assert.deepEqual(told("state"), ["critical@0: a", "ok@1: c b"]);
  assert.deepEqual(told("tag"), ["x@0: c", "y@1: c a", "no tag@3: b"]);
  assert.deepEqual(told("os"), ["NixOS@0: c a", "no system@2: b"]);
});

test("filters", () => {
  const hosts = [host("nas", { tags: ["home", "rack"] }), host("pi", { os: "Debian", state: "offline" }), host("null", { tags: null })];
  assert.deepEqual(names(hosts, "tag=rack"), ["nas"]);
  assert.deepEqual(names(hosts, "os=Debian"), ["pi"]);
  assert.deepEqual(names(hosts, "state=offline"), ["pi"]);
  assert.deepEqual(names(hosts, "q=HOM+na"), ["nas"]);
  assert.deepEqual(names(hosts, "q=nothing"), []);
});

/** catalogue is a small one of both kinds of group. */
const catalogue = [
  { name: "cpu", label: "CPU", metrics: [{ id: "cpu.usage_percent", label: "Usage", unit: "percent", help: "" }, { id: "cpu.load_1m", label: "Load", unit: "count", help: "" }] },
  { name: "disk", label: "Filesystems", instance: "mount point", metrics: [{ id: "disk.total_bytes", label: "Size", unit: "bytes", help: "" }] },
];

test("sections follow the catalogue, and hold what the host has", () => {
  const got = sections(catalogue, { hostname: "nas", tags: ["x"], disk: { "/b": { total_bytes: 1, device: "sda" }, "/a": {} }, cpu: { usage_percent: 3 } });
  assert.deepEqual(got.map((one) => one.name), ["cpu", "disk"]);
  assert.deepEqual(got[0].metrics.map((one) => one.label), ["Usage"]);
  assert.deepEqual(got[1].rows.map((one) => one.key), ["/a", "/b"]);
  assert.deepEqual(got[1].texts.map((one) => one.label), ["Device"]);
});

test("what the catalogue lacks is shown by its name", () => {
  const got = sections(catalogue, { cpu: { novel_bytes_per_second: 2 }, wifi: { wlan0: { signal_percent: 70 } }, os_facts: { cpu_id: "x" }, junk: 3, none: {} });
  const [novel] = got[0].metrics;
  assert.deepEqual([novel.label, novel.unit], ["Novel", "bytes_per_second"]);
  assert.deepEqual([got[1].label, got[1].instance, got[1].metrics[0].unit], ["Wifi", "name", "percent"]);
  assert.deepEqual([got[2].label, got[2].texts[0].label], ["OS facts", "CPU ID"]);
  assert.equal(got.length, 3);
});

test("hostile samples do no harm", () => {
  for (const stats of [{}, { cpu: null, disk: [] }, { cpu: 3, disk: { "/": null } }, { disk: { __proto__: null, "/": { total_bytes: "9" } } }]) {
    for (const one of sections(catalogue, stats)) assert.ok(one.rows.length > 0);
  }
});
