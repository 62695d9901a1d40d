// Questions to the dashboard's own API.

/**
 * Asks, and returns the answer; an error's text is the dashboard's own.
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function ask(url, signal) {
  const response = await fetch(url, { signal });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}
