// Where the page is: the path and the query, both in the URL.

import { computed, signal } from "./vendor/signals.js";
import { outdated } from "./store.js";

/** place is the part of the URL that the page reads. */
const place = signal(location.pathname + location.search);

/** PAGES are those with a path of their own, beside the fleet and hosts. */
const PAGES = ["/compare", "/explore"];

/**
 * route is the page shown, with the host's name on a host's page.
 */
export const route = computed(() => {
  const path = place.value.split("?")[0];
  if (path === "/") return { page: "fleet", host: null };
  if (PAGES.includes(path)) return { page: path.slice(1), host: null };
  const match = /^\/host\/([^/]+)$/.exec(path);
  return match ? { page: "host", host: decoded(match[1]) } : { page: "unknown", host: null };
});

/** query is the URL's query. */
export const query = computed(() => new URLSearchParams(place.value.split("?")[1] ?? ""));

/** fleetURL is the fleet as it was last filtered and sorted; it outlasts a reload
 * in the state of each step. */
export const fleetURL = signal(/** @type {string} */ (history.state ?? "/"));

/**
 * A path segment as text; one that is no valid encoding stays as it is.
 * @param {string} segment
 */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * The URL of a host's page.
 * @param {string} name
 */
export function hostURL(name) {
  return "/host/" + encodeURIComponent(name);
}

/**
 * Goes to another page of this site, which is loaded where its scripts may be
 * gone.
 * @param {string} url
 */
export function go(url) {
  if (outdated.peek()) return location.assign(url);
  if (route.peek().page === "fleet") fleetURL.value = place.peek();
  history.pushState(fleetURL.peek(), "", url);
  place.value = url;
  scrollTo(0, 0);
  requestAnimationFrame(() => document.getElementById("main")?.focus({ preventScroll: true }));
}

/**
 * Sets one parameter of the query; see setQueries.
 * @param {string} key
 * @param {string} value
 */
export function setQuery(key, value) {
  setQueries({ [key]: value });
}

/**
 * Sets parameters of the query, without a step in the history unless it is asked
 * for; the empty value removes one.
 * @param {Record<string, string>} values
 * @param {boolean} [step]
 */
export function setQueries(values, step) {
  const next = new URLSearchParams(query.peek());
  for (const [key, value] of Object.entries(values)) {
    if (value === "") next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  const url = location.pathname + (text === "" ? "" : "?" + text);
  history[step ? "pushState" : "replaceState"](history.state, "", url);
  place.value = url;
}

addEventListener("popstate", () => {
  if (outdated.peek()) location.reload();
  else place.value = location.pathname + location.search;
});

// Plain clicks on links of this site change the page without loading it anew.
addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented || link.origin !== location.origin || link.hash !== "") return;
  if (link.pathname !== "/" && !PAGES.includes(link.pathname) && !link.pathname.startsWith("/host/")) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
