import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Area } from "./contract";
import { gather } from "./live";
import { rereading } from "./use";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what never changes is read once, whatever the line does", () => {
  expect(rereading("polling", true)).toEqual({ staleTime: "static", refetchInterval: false });
  expect(rereading("polling", false)).toEqual({ refetchInterval: 5_000 });
});

test("the first change is told at once, those after it together", () => {
  const told: Area[][] = [];
  const tell = gather((areas) => told.push(areas), 4_000);

  tell(["outbox"]);
  for (let second = 0; second < 8; second++) {
    tell(["inbox", "outbox"]);
    vi.advanceTimersByTime(1_000);
  }
  vi.advanceTimersByTime(20_000);
  tell(["alerts"]);

  expect(told).toEqual([["outbox"], ["inbox", "outbox"], ["inbox", "outbox"], ["alerts"]]);
});
