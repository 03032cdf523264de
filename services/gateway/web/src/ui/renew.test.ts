import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renew } from "./renew";

const [OLD, NEW] = ["https://here/assets/index-old.js", "https://here/assets/index-new.js"];
let kept: Map<string, string>;
const reload = vi.fn();

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("location", { reload });
  vi.stubGlobal("fetch", async () => Response.json({}));
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
});
afterEach(() => {
  reload.mockClear();
  vi.unstubAllGlobals();
});

test("the page is loaded anew once for each version", async () => {
  expect([await renew(OLD), await renew(OLD), await renew(NEW), await renew(NEW)]).toEqual([true, false, true, false]);
  expect(reload).toHaveBeenCalledTimes(2);
});

test.each([
  ["there is no network", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["the server is away", async () => new Response("", { status: 503 })],
])("where %s, the page stays, and is loaded anew later", async (_, answer) => {
  vi.stubGlobal("fetch", answer);
  expect(await renew(OLD)).toBe(false);
  vi.stubGlobal("fetch", async () => Response.json({}));
  expect(await renew(OLD)).toBe(true);
});

test("a browser that keeps nothing does not load it again and again", async () => {
  vi.stubGlobal("sessionStorage", undefined);
  expect(await renew(OLD)).toBe(false);
  expect(reload).not.toHaveBeenCalled();
});
