// Which dialog is open: dialogs are fetched when they are.

import { signal } from "./vendor/signals.js";

/** opened is "palette", "help", or empty for none. */
export const opened = signal("");

addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.metaKey || event.ctrlKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  opened.value = opened.value === "palette" ? "" : "palette";
});
