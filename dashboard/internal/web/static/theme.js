// Light or dark: the system's choice until somebody chooses.

import { signal } from "./vendor/signals.js";

/** CHOICES are the themes, in the order in which the switch goes through them. */
const CHOICES = ["system", "light", "dark"];

/** theme is the chosen theme. */
export const theme = signal(document.documentElement.dataset.theme ?? "system");

/** system is the system's choice. */
const system = matchMedia("(prefers-color-scheme: dark)");

/** dark tells what the system's choice is. */
export const dark = signal(system.matches);
system.addEventListener("change", () => (dark.value = system.matches));

/** Takes the next theme and remembers it. */
export function nextTheme() {
  const next = CHOICES[(CHOICES.indexOf(theme.peek()) + 1) % CHOICES.length];
  theme.value = next;
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}
