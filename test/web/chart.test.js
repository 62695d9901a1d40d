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

test("of many lines the greatest come first, and the others are one", () => {
  const few = chart([1], [2], [3]);
  assert.deepEqual(ranked(few), few.lines);
  const many = chart(...Array.from({ length: 20 }, (_, i) => [i === 5 ? null : i, null]));
  const got = ranked(many);
  assert.equal(got[0].instance, "i19");
  assert.equal(got.length, 9);
  assert.deepEqual(got[8], { metric: "", mean: [(66 - 5) / 11, null], low: [0, null], high: [11, null] });
});

test("cores are one line with a band", () => {
  const cores = { step: 0, times: [0, 1], lines: [[0, 10], [100, null]].map((mean, i) => ({ metric: "core.usage_percent", instance: String(i), mean })) };
  assert.deepEqual(ranked(cores), [{ metric: "", instance: "mean of 2", mean: [50, 10], low: [0, 10], high: [100, 10] }]);
  const then = cores.lines.map((line) => ({ ...line, before: [4, null] }));
  assert.deepEqual(ranked({ ...cores, lines: then })[0].before, [4, null]);
  assert.deepEqual(ranked({ ...cores, lines: cores.lines.slice(0, 1) }).length, 1);
});

test("moments are as exact as their distance", () => {
  const noon = new Date(2026, 2, 1, 12, 30).getTime() / 1000;
  const midnight = new Date(2026, 2, 2).getTime() / 1000;
  assert.deepEqual(momentLabels([noon, midnight], 3600), ["12:30", "2 Mar"]);
  assert.deepEqual(momentLabels([noon], 10), ["12:30:00"]);
  assert.deepEqual(momentLabels([noon], 86400), ["1 Mar"]);
  assert.deepEqual(momentLabels([noon], 92 * 86400), ["Mar 2026"]);
});

test("scales start at zero where that means something", () => {
  assert.deepEqual(scaleOf("percent", 90, 100), [0, 100]);
  assert.deepEqual(scaleOf("percent", 0, 0.5), [0, 5]);
  assert.deepEqual(scaleOf("bytes", 0, 0), [0, 1]);
  assert.deepEqual(scaleOf("celsius", 40, 50), [38, 52]);
  assert.deepEqual(scaleOf("watts", null, null), [0, 1]);
  assert.deepEqual(scaleOf("count", -5, 10), [-5, 11]);
});

const { beside } = await import(new URL("chart-before.js", ROOT).href);
const { csv } = await import(new URL("csv.js", ROOT).href);

/** A chart of one line. */
function single(times, mean, step = 0) {
  return { step, times, lines: [{ metric: "x.a", instance: "", mean }] };
}

test("an earlier time stands beside its own moments, and gaps stay gaps", () => {
  const got = beside(single([100, 110, 120, 130], [1, 2, 3, 4]), single([1, 11, 41], [7, 8, 9]), 99);
  assert.deepEqual(got.lines[0].before, [7, 8, 8, 9]);
  assert.deepEqual(beside(single([500, 510], [1, 2]), single([1, 11], [7, 8]), 99).lines[0].before, [null, null]);
  assert.deepEqual(beside(single([100], [1]), single([], []), 99).lines[0].before, [null]);
  assert.equal(beside(single([100], [1]), { step: 0, times: [1], lines: [] }, 99).lines[0].before, undefined);
});

test("CSV quotes what needs it, and no name becomes a formula", () => {
  const one = { step: 60, times: [0, 60], lines: [{ metric: 'a,"b"', mean: [1.5, null], low: [1, null], high: [2, null] }, { metric: "=1+1", mean: [0, 3] }] };
  assert.equal(
    csv(one, (line) => line.metric),
    'time,"a,""b""","a,""b"" (low)","a,""b"" (high)",\'=1+1\r\n1970-01-01T00:00:00.000Z,1.5,1,2,0\r\n1970-01-01T00:01:00.000Z,,,,3\r\n',
  );
});

const { complete } = await import(new URL("explore-complete.js", ROOT).href);
const { chartOf, labelsText, stepFor } = await import(new URL("explore-read.js", ROOT).href);

test("what can stand in an expression", () => {
  const groups = [{ name: "disk", label: "Filesystems", instance: "mount point", metrics: [metric("disk.usage_percent", "percent")] }];
  const offered = (text) => complete(text, text.length, groups).map((one) => one.text);
  assert.deepEqual(offered("max(disk_us"), ["systant_disk_usage_percent"]);
  assert.deepEqual(offered("systant_disk_usage_percent{mou"), ["mount_point"]);
  assert.deepEqual(offered("systant_disk_usage_percent{a=\"b\"} + topk"), []);
  assert.deepEqual(offered("m + top"), ["topk"]);
  assert.deepEqual(complete("sum(systant_u)", 13, groups)[0], { text: "systant_up", help: "1 while a host is online, 0 while it is away", start: 4, end: 13 });
});

test("an answer as a chart: gaps, names, and no more lines than can be drawn", () => {
  const result = [{ metric: { __name__: "systant_up", host: "nas" }, values: [[60, "1"], [180, "NaN"]] }, { metric: {}, values: [[120, "2"]] }];
  assert.deepEqual(chartOf({ data: { resultType: "matrix", result } }, 60, 180, 60), {
    step: 60, times: [60, 120, 180],
    lines: [{ metric: "systant_up", instance: "nas", name: "nas", mean: [1, null, null] }, { metric: "", instance: "value", name: "value", mean: [null, 2, null] }],
  });
  assert.equal(labelsText({ __name__: "a", host: "nas", mount_point: "/" }), "nas mount_point=/");
  assert.deepEqual([stepFor(3600, 500), stepFor(30 * 86400, 500), stepFor(1e12, 1)], [10, 7200, 86400]);
});

test("of more lines than can be drawn the greatest are kept, in their order", () => {
  const result = Array.from({ length: 1000 }, (_, i) => ({ metric: { host: "h" + i }, values: [[60, String(i)]] }));
  const got = chartOf({ data: { resultType: "matrix", result } }, 60, 60, 60);
  assert.deepEqual([got.lines.length, got.cut, got.all], [256, true, 1000]);
  assert.deepEqual([got.lines[0].instance, got.lines[255].instance], ["h744", "h999"]);
  assert.deepEqual(ranked(got).slice(0, 2).map((line) => line.instance), ["h999", "h998"]);
  const equal = result.map((one) => ({ ...one, values: [[60, "1"]] }));
  assert.equal(chartOf({ data: { resultType: "matrix", result: equal } }, 60, 60, 60).lines.length, 256);
});

test("the names of lines leave out what all have, their instances do not", () => {
  const result = ["sda", "sdb"].map((device) => ({ metric: { __name__: "systant_block_busy_percent", host: "nas", device }, values: [] }));
  const got = chartOf({ data: { resultType: "matrix", result } }, 60, 60, 60).lines;
  assert.deepEqual(got.map((line) => [line.name, line.instance]), [["device=sda", "nas device=sda"], ["device=sdb", "nas device=sdb"]]);
  assert.equal(lineName({ metrics: [] }, got[0]), "device=sda");
});
