import { expect, it } from "vitest";
import { targetsOf } from "../act/bulk";
import type { Count, Overview, RatePoint, Rates, ServiceOverview } from "../api/contract";
import { touches } from "../api/live";
import { messageOf, shortType } from "./exceptions";
import { changesOf } from "./headerChanges";
import { filterOf } from "./Outbox";
import { formatLater } from "./later";
import { pageOf } from "./places";
import { perMinute, wholeSteps } from "./steps";

it("sends only the headers that were changed, and null for those that were removed", () => {
  const rows = [
    { name: "tenant", value: "north", isNew: false, isRemoved: false }, { name: "trace", value: "x", isNew: false, isRemoved: true },
    { name: " added ", value: "1", isNew: true, isRemoved: false }, { name: "", value: "nobody's", isNew: true, isRemoved: false },
  ];
  expect(changesOf({ tenant: "north", trace: "x" }, rows)).toEqual({ trace: null, added: "1" });
  expect(changesOf({ tenant: "south" }, rows.slice(0, 1))).toEqual({ tenant: "north" });
});

it("acts on the chosen rows service by service", () => {
  const targets = targetsOf(["orders\n1", "billing\n7", "orders\n2"]);
  expect(targets.map(({ service, ids, count }) => [service, ids, count.value])).toEqual([["orders", ["1", "2"], 2], ["billing", ["7"], 1]]);
});

it("tells small steps of a message's life in milliseconds", () => {
  expect([90, 1100, 42_000, 187_000, 239_700, 7_500_000, 200_000_000].map(formatLater)).toEqual(["90 ms", "1.10 s", "42.0 s", "3 min 7 s", "4 min 0 s", "2 h 5 min", "2 d 7 h"]);
});

it("leads from a finding to the page that repairs it", () => {
  const count = (value: number): Count => ({ value, isEstimate: false });
  const service = (changes: Partial<ServiceOverview>): Overview => ({
    services: [{ service: "orders", failed: count(0), retrying: count(0), failing: count(0), parked: count(0), ...changes } as ServiceOverview],
  }) as Overview;
  const finding = (area: "outbox" | "inbox" | "database") => ({ severity: "error" as const, area, service: "orders", text: "", code: "send-failed" as const, values: [] });
  expect(pageOf(finding("outbox"), service({ failed: count(1), retrying: count(5) }))?.to).toBe("/outbox/failed");
  expect(pageOf(finding("outbox"), service({ retrying: count(5) }))?.to).toBe("/outbox/retrying");
  expect(pageOf(finding("outbox"), service({}))?.to).toBe("/outbox/pending");
  expect(pageOf(finding("inbox"), service({ parked: count(1) }))?.to).toBe("/inbox/parked");
  expect(pageOf(finding("inbox"), service({ failing: count(1), parked: count(1) }))?.to).toBe("/inbox/failing");
  expect(pageOf(finding("database"), service({}))).toBeNull();
});

it("narrows a list only by what it shows as a filter", () => {
  const query = { name: "orders.placed.v1", errorKind: "returned", text: "no route", cursor: "x", service: "orders" };
  expect(filterOf("failed", query)).toEqual({ name: "orders.placed.v1", errorKind: "returned", text: "no route" });
  expect(filterOf("sent", query)).toEqual({ name: "orders.placed.v1" });
});

it("reads again what a change touches, and what has not said what it shows", () => {
  expect(touches(["outbox"], ["inbox", "outbox"])).toBe(true);
  expect(touches(["outbox"], ["inbox"])).toBe(false);
  expect(touches([], ["inbox"])).toBe(false);
  expect(touches(undefined, ["inbox"])).toBe(true);
});

it("tells what an exception says apart from its type", () => {
  expect(shortType("System.FormatException")).toBe("FormatException");
  expect(messageOf("System.FormatException: no code\r\n   at X()", "System.FormatException")).toBe("no code");
  expect(messageOf("no code", "System.FormatException")).toBe("no code");
  expect(messageOf(null, null)).toBeNull();
});

it("leaves out the minute that runs, unless it is all there is", () => {
  const rates = (stepSeconds: number, ...sent: number[]) => ({ stepSeconds, points: sent.map((count) => ({ committed: 0, sent: count, handled: 0, failed: 0, deadLettered: 0 }) as RatePoint) }) as Rates;
  const shown = (one: Rates) => perMinute(wholeSteps(one), one.stepSeconds, (point) => point.sent);
  expect(shown(rates(60, 0, 120, 3))).toEqual([0, 120]);
  expect(shown(rates(60, 0, 0, 3))).toEqual([0, 0, 3]);
  expect(shown(rates(120, 0, 120, 6))).toEqual([0, 60, 3]);
  expect(wholeSteps(undefined)).toEqual([]);
});
