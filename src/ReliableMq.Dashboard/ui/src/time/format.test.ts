import { expect, it } from "vitest";
import { en } from "../i18n/en";
import { formatShort, formatSpan, formatTime, fromField, toField } from "./format";

it("shows a time in UTC with the same width always", () => {
  expect(formatTime("2026-01-03T04:05:06.789Z", "utc")).toBe("2026-01-03 04:05:06");
});

it("leaves out the day where it is today's, and the year where it is this one", () => {
  const now = new Date("2026-06-15T12:00:00Z");
  expect(formatShort("2026-06-15T04:05:06Z", "utc", now)).toBe("04:05:06");
  expect(formatShort("2026-06-14T04:05:06Z", "utc", now)).toBe("06-14 04:05");
  expect(formatShort("2025-06-14T04:05:06Z", "utc", now)).toBe("2025-06-14 04:05");
});

it("tells spans by their two largest units", () => {
  const spans = [-3, 0.4, 12, 60, 187, 3600, 7500, 90_000, 1_000_000].map((seconds) => formatSpan(seconds, en.time));
  expect(spans).toEqual(["0 s", "< 1 s", "12 s", "1 min", "3 min", "1 h", "2 h 5 min", "1 d 1 h", "11 d"]);
});

it("reads the field for a time as it was written", () => {
  expect(toField("2026-06-15T04:05:06Z", "utc")).toBe("2026-06-15T04:05");
  expect(fromField("2026-06-15T04:05", "utc")).toBe("2026-06-15T04:05:00Z");
  expect(fromField("", "utc")).toBeNull();
  expect(fromField("nonsense", "utc")).toBeNull();
});

it("reads the field for a local time back to the same moment", () => {
  const at = "2026-06-15T04:05:00Z";
  expect(fromField(toField(at, "local"), "local")).toBe(at);
});
