// Where an item can be opened.
import type { Item, KindView } from "../api/types";

export interface Link {
  provider: string;
  href: string;
}

const NAMES: Record<string, string> = { imdb: "IMDb", steam: "Steam", spotify: "Spotify", youtube: "YouTube" };

const search = {
  spotify: (words: string) => `https://open.spotify.com/search/${encodeURIComponent(words)}`,
  youtube: (words: string) => `https://www.youtube.com/results?search_query=${encodeURIComponent(words)}`,
};

/** The best place to open an item; null where there is none. */
export function homeOf(item: Item, kinds: readonly KindView[]): Link | null {
  const templates = kinds.find((each) => each.kind === item.kind)?.links ?? {};
  for (const [provider, template] of Object.entries(templates)) {
    const id = item.external_ids?.[provider];
    if (id) return { provider: NAMES[provider] ?? provider, href: template.replace("{}", encodeURIComponent(id)) };
  }
  return item.kind === "music" ? { provider: "Spotify", href: search.spotify(named(item)) } : null;
}

/** Where a film's or a game's trailer is found. */
export function trailerOf(item: Item): Link | null {
  if (item.kind !== "movie" && item.kind !== "game") return null;
  const words = [item.title, item.year, "trailer"].filter(Boolean).join(" ");
  return { provider: "YouTube", href: search.youtube(words) };
}

function named(item: Item): string {
  return [item.title, ...(item.creators ?? [])].join(" ");
}
