// What charts a section has, and what is said of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT } from "./page.js";

const { chartText, lineName, momentLabels, plans, ranked, scaleOf } = await import(new URL("chart-plan.js", ROOT).href);

/** A metric of a group. */
function metric(id, unit, rank = "main") {
  return { id, label: id.split(".")[1].split("_")[0].replace(/^./, (c) => c.toUpperCase()), unit, rank, help: "" };
}

/** A section with metrics. */
function section(...metrics) {
  return { name: "x", label: "Things", instance: "", metrics, texts: [], rows: [] };
}

test("main metrics, those of one unit together, without what stays or only grows", () => {
  const got = plans(
    section(metric("x.usage_percent", "percent"), metric("x.free_bytes", "bytes"), metric("x.iowait_percent", "percent", "detail"), metric("x.used_bytes", "bytes"), metric("x.total_bytes", "bytes"), metric("x.rx_total", "bytes"), metric("x.count", "count"), metric("x.boot_time", "timestamp")),
  );
  assert.deepEqual(got.map((one) => [one.title, one.unit, one.metrics.map((m) => m.id)]), [
    ["Things: Usage", "percent", ["x.usage_percent"]],
    ["Things: Free · used", "bytes", ["x.free_bytes", "x.used_bytes"]],
  ]);
});

test("a section without main metrics has one chart of its first kind", () => {
  const got = plans(section(metric("x.read_bytes_per_second", "bytes_per_second", "detail"), metric("x.busy_percent", "percent", "detail"), metric("x.write_bytes_per_second", "bytes_per_second", "detail")));
  assert.deepEqual(got.map((one) => one.metrics.length), [2]);
  assert.deepEqual(plans(section()), []);
  assert.deepEqual(plans(section({ ...metric("x.new", "count"), rank: undefined })), []);
});

/** A chart with lines of values. */
function chart(...lines) {
  return { step: 0, times: lines[0]?.map((_, i) => i) ?? [], lines: lines.map((mean, i) => ({ metric: "x.usage_percent", instance: "i" + i, mean })) };
}

const plan = plans(section(metric("x.usage_percent", "percent")))[0];

test("a chart in words", () => {
  const text = chartText(plan, chart([1, null, 3], [null, null, null])).replaceAll("\u2009", " ");
  assert.equal(text, "Things: Usage. i0: 1.0 % to 3.0 %, last 3.0 %; i1: no values");
  assert.equal(chartText(plan, chart()), "Things: Usage. No values");
  const band = { step: 60, times: [0], lines: [{ metric: "x.usage_percent", mean: [5], low: [1], high: [9] }] };
  assert.match(chartText(plan, band), /Usage: 1.0.% to 9.0.%, last 5.0.%$/);
});

test("names of lines", () => {
  assert.equal(lineName(plan, { metric: "x.usage_percent", instance: "/home", mean: [] }), "/home");
  assert.equal(lineName(plan, { metric: "x.usage_percent", mean: [] }), "Usage");
  const two = plans(section(metric("x.rx_bytes", "bytes"), metric("x.tx_bytes", "bytes")))[0];
  assert.equal(lineName(two, { metric: "x.tx_bytes", instance: "eth0", mean: [] }), "eth0 tx");
});

test("of many lines the greatest come first", () => {
  const few = chart([1], [2], [3]);
  assert.deepEqual(ranked(few), few.lines);
  const many = chart(...Array.from({ length: 20 }, (_, i) => (i === 5 ? [null] : [i])));
  assert.equal(ranked(many)[0].instance, "i19");
  assert.equal(ranked(many)[19].instance, "i5");
});

test("moments are as exact as their distance", () => {
  const noon = new Date(2026, 2, 1, 12, 30).getTime() / 1000;
  const midnight = new Date(2026, 2, 2).getTime() / 1000;
  assert.deepEqual(momentLabels([noon, midnight], 3600), ["12:30", "2 Mar"]);
  assert.deepEqual(momentLabels([noon], 10), ["12:30:00"]);
  assert.deepEqual(momentLabels([noon], 86400), ["1 Mar"]);
});

test("scales start at zero where that means something", () => {
  assert.deepEqual(scaleOf("percent", 90, 100), [0, 100]);
  assert.deepEqual(scaleOf("percent", 0, 0.5), [0, 5]);
  assert.deepEqual(scaleOf("bytes", 0, 0), [0, 1]);
  assert.deepEqual(scaleOf("celsius", 40, 50), [38, 52]);
  assert.deepEqual(scaleOf("watts", null, null), [0, 1]);
  assert.deepEqual(scaleOf("count", -5, 10), [-5, 11]);
});
