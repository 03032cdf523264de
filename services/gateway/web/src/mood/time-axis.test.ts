import { expect, test } from "vitest";
import { DAY_MS, KEPT_MS } from "./notes";
import { timeAxis } from "./time-axis";

const MINUTE_MS = 60_000;

test.each([2 * MINUTE_MS, 45 * MINUTE_MS, DAY_MS - 1, DAY_MS + MINUTE_MS, KEPT_MS])(
  "over %d ms no two marks have one name",
  (span_ms) => {
    const { incrs, name } = timeAxis(span_ms, "en");
    for (const incr of incrs) {
      const names = Array.from({ length: Math.floor(span_ms / 1000 / incr) }, (_, index) => name(index * incr));
      expect(new Set(names).size).toBe(names.length);
    }
  },
);
