import { beforeEach, expect, test, vi } from "vitest";
import { speak } from "./index";
import { stepsOf } from "./steps";
import german from "./steps-de";

const NAP = { id: "wellbeing:short-nap", steps: ["Set an alarm", "Lie down", "Close your eyes", "Get up slowly"] };

beforeEach(() => speak("en"));

test("steps are read as the server gives them", () => {
  expect(stepsOf(NAP)).toEqual([NAP.steps, "en"]);
});

test("in German, those of the starter catalogue are German", async () => {
  speak("de");
  await vi.waitFor(() => expect(stepsOf(NAP)).toEqual([german["short-nap"]?.split("|"), "de"]));
});

test("others stay as they are", async () => {
  speak("de");
  await vi.waitFor(() => expect(stepsOf(NAP)[1]).toBe("de"));
  expect(stepsOf({ id: "wellbeing:own", steps: ["Do it"] })).toEqual([["Do it"], "en"]);
  expect(stepsOf({ ...NAP, steps: ["Changed"] })).toEqual([["Changed"], "en"]);
});
