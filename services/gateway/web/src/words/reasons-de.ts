// Why an item was picked, in German.
import type { Reason } from "../api/types";

type About = Record<string, string | undefined>;

const PLEASANTNESS: About = { dark: "Düster", wistful: "Wehmütig", warm: "Warm", bright: "Hell" };
const ENERGY: About = { calm: "ruhig", "easy-going": "gelassen", lively: "lebhaft", intense: "intensiv" };
const PURPOSE: About = {
  match: "wie deine Stimmung",
  lift: "um dich aufzumuntern",
  calm: "um dich zu beruhigen",
  focus: "damit du dich konzentrieren kannst",
  near: "nah an dem, wo du gerade bist",
  step: "ein Schritt auf dem Weg",
};
const FEELING: About = {
  angry: "wütend",
  disgust: "angewidert",
  fear: "ängstlich",
  happy: "fröhlich",
  sad: "traurig",
  surprise: "überrascht",
  neutral: "weder hoch noch tief",
};
const DONE: About = {
  like: "gemocht",
  save: "gemerkt",
  finish: "beendet",
  play: "geöffnet",
  rate: "gut bewertet",
};
/** One, and several: "wie das Lied", "wie die Lieder". */
const ITEMS: Record<string, [string, string] | undefined> = {
  music: ["das Lied, das", "die Lieder, die"],
  movie: ["der Film, den", "die Filme, die"],
  game: ["das Spiel, das", "die Spiele, die"],
  wellbeing: ["die Übung, die", "die Übungen, die"],
  book: ["das Buch, das", "die Bücher, die"],
  podcast: ["der Podcast, den", "die Podcasts, die"],
  course: ["der Kurs, den", "die Kurse, die"],
};

/** The name of a feel or a cluster, such as "warm and calm". */
export function feelDe(name: string): string {
  const [pleasantness = "", energy = ""] = name.split(" and ");
  const [one, other] = [PLEASANTNESS[pleasantness], ENERGY[energy]];
  return one && other ? `${one} und ${other}` : name;
}

const capitalised = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

function shared({ group, value = "" }: About): string {
  if (group === "creator") return `Von ${value}`;
  if (group === "cluster") return `Klingt ${feelDe(value).toLowerCase()}`;
  return capitalised(group === "feel" ? feelDe(value) : value);
}

function alike(about: About): string | null {
  const items = ITEMS[about.kind ?? ""]?.[about.many === "true" ? 1 : 0];
  const done = DONE[about.action ?? ""];
  return items && done ? `${shared(about)}, wie ${items} du ${done} hast.` : null;
}

const feel = (about: About) => feelDe(`${about.pleasantness} and ${about.energy}`);

const SENTENCES: Record<Reason["code"], (about: About) => string | null> = {
  liked_alike: alike,
  asked_for: (about) => `${shared(about)}, wie du es wolltest.`,
  feels: (about) => [feel(about), PURPOSE[about.purpose ?? ""]].filter(Boolean).join(", ").concat("."),
  good_when: ({ emotion = "" }) => `Gut, wenn du ${FEELING[emotion] ?? emotion} bist.`,
  rated: ({ rating = "", source }) =>
    source === "imdb" ? `${rating.replace(".", ",")} auf IMDb.` : `Mit ${rating.replace(".", ",")} von 10 bewertet.`,
  serves: ({ term = "", goal = "" }) => `${capitalised(term)}, ${PURPOSE[goal] ?? goal}.`,
  tried_out: () => "Vielleicht magst du das, ohne es zu wissen: Wir probieren es aus.",
  met_before: () => "Das kennst du schon: Neues ist nicht mehr da.",
  nearest_left: (about) => `${feel(about)}: von dem, was noch da ist, kommt es dem Gesuchten am nächsten.`,
};

/** The sentence; null where a newer server gives a reason that this page has no words for. */
export function reasonDe({ code, about }: Reason): string | null {
  return SENTENCES[code]?.(about ?? {}) ?? null;
}
