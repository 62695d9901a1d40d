// Contrast of the tokens in both themes, by WCAG 2.2: 4.5 for text, 3 for
// marks and controls. Run with --test-reporter=spec to see the list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./page.js";

/** COLOURS are the tokens: name to [light, dark]. */
const COLOURS = Object.fromEntries(
  [...read("tokens.css").matchAll(/--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, ...pair]) => [name, pair]),
);

/** TEXT and MARKS stand on each of the surfaces listed with them. */
const TEXT = [
  [["text", "muted", "ok", "warning", "critical", "stale", "offline", "accent"], ["page", "panel", "hover"]],
  [["warning"], ["warning-tint"]],
  [["on-accent"], ["accent"]],
];
const LINES = Object.keys(COLOURS).filter((name) => /^line-\d$/.test(name));
const MARKS = [[["mark", "edge"], ["page", "panel"]], [LINES, ["panel"]], [["mark", "warning", "critical"], ["track"]]];

for (const [theme, name] of ["light", "dark"].entries()) {
  for (const [least, pairs] of [[4.5, TEXT], [3, MARKS]]) {
    for (const [fronts, backs] of pairs) {
      for (const front of fronts) {
        for (const back of backs) {
          const got = contrast(COLOURS[front][theme], COLOURS[back][theme]);
          test(`${name}: ${front} on ${back} ${got.toFixed(2)}`, () => assert.ok(got >= least, `got ${got.toFixed(2)}, want ${least}`));
        }
      }
    }
  }
}

/** The contrast of two colours. */
function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

/** The relative luminance of a colour such as "#1a1b1e". */
function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
