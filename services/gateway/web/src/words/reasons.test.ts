import { expect, test } from "vitest";
import type { Reason } from "../api/types";
import { de } from "./de";
import { en } from "./en";
import { wordReasons } from "./reasons";

const WHY: Reason[] = [
  { code: "liked_alike", about: { group: "creator", value: "Ada", kind: "music", action: "like", many: "false" } },
  { code: "feels", about: { pleasantness: "warm", energy: "calm", purpose: "calm" } },
  { code: "rated", about: { rating: "8.1", source: "imdb" } },
];
const REASONS = ["By Ada, like the song you liked.", "Warm and calm, to calm you down.", "8.1 on IMDb."];

test("the server's sentences are English", () => {
  expect(wordReasons(en, REASONS, WHY)).toBe(REASONS.join(" "));
});

test("in another language, reasons are worded from their parts", () => {
  expect(wordReasons(de, REASONS, WHY)).toBe(
    "Von Ada, wie das Lied, das du gemocht hast. Warm und ruhig, um dich zu beruhigen. 8,1 auf IMDb.",
  );
});

test("what has a name of its own keeps it", () => {
  const about = { group: "cluster", value: "bright and lively", kind: "music", action: "finish", many: "true" };
  const [one] = [wordReasons(de, [""], [{ code: "liked_alike", about }])];
  expect(one).toBe("Klingt hell und lebhaft, wie die Lieder, die du beendet hast.");
});

test("what a person asked for is their reason", () => {
  const about = { group: "genre", value: "jazz" };
  expect(wordReasons(de, ["Jazz, as you asked."], [{ code: "asked_for", about }])).toBe("Jazz, wie du es wolltest.");
});

test("a reason of a newer server is read in English", () => {
  expect(wordReasons(de, ["Because."], [{ code: "new" as Reason["code"], about: {} }])).toBe("Because.");
  expect(wordReasons(de, ["Because."], [])).toBe("Because.");
});
