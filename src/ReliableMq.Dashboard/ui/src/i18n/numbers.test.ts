import { expect, it } from "vitest";
import { addCounts, formatCount, formatMilliseconds, formatRate, formatSize } from "./numbers";

it("marks what is not counted exactly", () => {
  expect(formatCount({ value: 1204, isEstimate: false })).toBe("1,204");
  expect(formatCount({ value: 1204, isEstimate: true })).toBe("≈ 1,204");
  expect(formatCount({ value: 10000, isEstimate: false, isAtLeast: true })).toBe("≥ 10,000");
});

it("keeps the marks of what it adds up", () => {
  const sum = addCounts([{ value: 1, isEstimate: false }, { value: 2, isEstimate: true }, { value: 3, isEstimate: false, isAtLeast: true }]);
  expect(sum).toEqual({ value: 6, isEstimate: true, isAtLeast: true, isUnknown: false });
});

it("gives rates the digits that tell something", () => {
  expect([0, 0.04, 0.25, 3, 3.14, 12.6, 1204].map(formatRate)).toEqual(["0", "0.04", "0.3", "3", "3.1", "13", "1,204"]);
});

it("gives latencies and sizes their units", () => {
  expect([0, 0.4, 19.4, 999, 1500, 42_000, 600_000].map(formatMilliseconds)).toEqual(["0 ms", "0.4 ms", "19 ms", "999 ms", "1.50 s", "42.0 s", "10 min"]);
  expect([0, 1023, 2048, 5_242_880].map(formatSize)).toEqual(["0 B", "1023 B", "2.0 kB", "5.0 MB"]);
});
