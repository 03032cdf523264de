import { expect, test } from "vitest";
import type { Item, KindView } from "../api/types";
import { homeOf, trailerOf } from "./links";

const MOVIES: KindView = {
  kind: "movie",
  title: "Movies",
  singular: "film",
  plural: "films",
  links: { imdb: "https://www.imdb.com/title/{}/" },
};

function item(fields: Partial<Item>): Item {
  return { id: "1", kind: "movie", title: "Jaws & Co", valence: 0, arousal: 0, ...fields } as Item;
}

test("an item with an id at a provider opens there", () => {
  const home = homeOf(item({ external_ids: { imdb: "tt1/2" } }), [MOVIES]);
  expect(home).toEqual({ provider: "IMDb", href: "https://www.imdb.com/title/tt1%2F2/" });
});

test("a song without one is searched for", () => {
  const home = homeOf(item({ kind: "music", title: "So What", creators: ["Miles Davis"] }), [MOVIES]);
  expect(home?.href).toBe("https://open.spotify.com/search/So%20What%20Miles%20Davis");
});

test("an activity opens nowhere", () => {
  expect(homeOf(item({ kind: "wellbeing" }), [MOVIES])).toBeNull();
  expect(trailerOf(item({ kind: "wellbeing" }))).toBeNull();
});

test("a trailer is searched for by title and year", () => {
  const { href } = trailerOf(item({ year: 1975 })) ?? {};
  expect(href).toBe("https://www.youtube.com/results?search_query=Jaws%20%26%20Co%201975%20trailer");
});
