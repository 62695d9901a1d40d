// The tab's title and icon, which tell of trouble while the page is hidden.

import { effect } from "./vendor/signals.js";
import { SHAPES } from "./parts.js";
import { query, route } from "./router.js";
import * as store from "./store.js";
/** @import { Mark } from "./types.js" */

/**
 * COLOURS of the icon: middle tones that stand on light and dark tabs alike.
 * @type {Record<Mark, string>}
 */
const COLOURS = { ok: "#5f8f70", warning: "#d08700", critical: "#dc3a32", stale: "#8673c2", offline: "#8a8f99" };

/** ORDER of the marks, worst first. */
const ORDER = /** @type {const} */ (["critical", "offline", "warning", "stale"]);

/** Keeps title and icon up to date. */
export function showTitle() {
  effect(() => {
    const { page, host } = route.value;
    const trouble = worst();
    const parts = [];
    if (!store.connection.value.up) parts.push("reconnecting");
    else if (store.broker.value?.connected === false) parts.push("broker lost");
    if (page === "host") {
      store.shape.value;
      const summary = host === null ? undefined : store.host(host);
      parts.push(summary ? `${host}: ${store.mark(summary)}` : (host ?? ""));
    } else if (page === "compare" || page === "explore") {
      parts.push(page === "compare" ? "Compare" : (query.value.get("expr") ?? "") || "Explore");
    } else if (trouble) {
      parts.push(`${store.counts.value[trouble]} ${trouble}`);
    }
    document.title = [...parts, "Systant"].join(" · ");
    showIcon(parts[0] === "reconnecting" ? "offline" : (trouble ?? "ok"));
  });
}

/** The worst mark that any host has, or undefined when all are well. */
function worst() {
  return ORDER.find((mark) => store.counts.value[mark] > 0);
}

/**
 * Draws a mark as the icon.
 * @param {Mark} mark
 */
function showIcon(mark) {
  const icon = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]"));
  const path = `<path d="${SHAPES[mark]}" fill="${COLOURS[mark]}" fill-rule="evenodd"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">${path}</svg>`;
  const url = "data:image/svg+xml," + encodeURIComponent(svg);
  if (icon.getAttribute("href") !== url) icon.href = url;
}
