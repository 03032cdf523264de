// Whose page this is.
import { signal } from "@preact/signals";

export const user = signal(new URLSearchParams(location.search).get("user") || "demo");
