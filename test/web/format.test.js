// Numbers as the page writes them. Thin spaces are written "_" here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT } from "./page.js";

const { age, duration, format, percent } = await import(new URL("format.js", ROOT).href);

/** Compares after making thin spaces visible. */
function check(got, want) {
  assert.equal(got.replaceAll("\u2009", "_"), want);
}

test("each unit", () => {
  const cases = [
    ["percent", 12.34, "12.3_%"],
    ["percent", 100, "100.0_%"],
    ["bytes", 0, "0_B"],
    ["bytes", 999, "999_B"],
    ["bytes", 1000, "0.977_KiB"],
    ["bytes", 1023.9 * 1024, "1.00_MiB"],
    ["bytes", 20.6 * 2 ** 30, "20.6_GiB"],
    ["bytes", 2 ** 60, "1.00_EiB"],
    ["bytes_per_second", 2.1 * 2 ** 20, "2.10_MiB/s"],
    ["bytes_per_second", 0.5, "0.5_B/s"],
    ["bits_per_second", 1e9, "1_Gbit/s"],
    ["bits_per_second", 2.5e9, "2.5_Gbit/s"],
    ["bits_per_second", 100e6, "100_Mbit/s"],
    ["per_second", 12873, "12.9_k/s"],
    ["per_second", 0.4, "0.4_/s"],
    ["seconds", 0, "0_s"],
    ["seconds", 0.00021, "210_µs"],
    ["seconds", 0.0043, "4.30_ms"],
    ["seconds", 41 * 86400 + 3 * 3600 + 59, "41_d 3_h"],
    ["celsius", 81.46, "81.5_°C"],
    ["celsius", -3, "-3.0_°C"],
    ["hertz", 3.41e9, "3.41_GHz"],
    ["watts", 8.4, "8.40_W"],
    ["rpm", 12431, "12_431_rpm"],
    ["count", 1234, "1234"],
    ["count", 1234567, "1_234_567"],
    ["count", 0.42, "0.42"],
    ["furlongs", 12.5, "12.5"],
    ["toString", 3, "3"],
  ];
  for (const [unit, value, want] of cases) check(format(unit, value), want);
});

test("what is no number is a dash", () => {
  for (const value of [undefined, null, "12", Number.NaN, Number.POSITIVE_INFINITY, {}]) check(format("bytes", value), "–");
  check(percent(undefined), "–");
});

test("durations and ages", () => {
  check(duration(59.99), "1_min");
  check(duration(60), "1_min");
  check(duration(3600), "1_h");
  check(duration(90061), "1_d 1_h");
  check(duration(-5), "-5.00_s");
  check(age(-3), "now");
  check(age(5.9), "5_s ago");
  check(age(7300), "2_h ago");
});

test("three significant digits, whatever the size", () => {
  for (let value = 1; value < 1e17; value *= 1.37) {
    const digits = format("bytes", value).split("\u2009")[0].replace(/^0\.0*/, "").replace(".", "");
    assert.ok(digits.length <= 3, `got ${digits} for ${value}`);
  }
});
