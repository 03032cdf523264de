// Light, dark, or as the device has it.
import { computed, effect, signal } from "@preact/signals";
import { remember, remembered } from "./memory";

export const THEMES = ["auto", "light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

const kept = remembered("theme");

export const theme = signal<Theme>(THEMES.find((each) => each === kept) ?? "auto");

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  remember("theme", theme.value);
});

const wish = matchMedia("(prefers-color-scheme: dark)");
const device = signal(wish.matches);
wish.addEventListener("change", ({ matches }) => {
  device.value = matches;
});

export const dark = computed(() => (theme.value === "auto" ? device.value : theme.value === "dark"));
