import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "../api/client";
import { eachTarget, requestOf, type Target, targetsMatching } from "./bulk";

afterEach(() => void vi.unstubAllGlobals());

const target = (service: string, value = 3): Target => ({ service, filter: {}, count: { value, isEstimate: false } });

test("what one service refuses is told with its reason, and the others go on", async () => {
  const asked: string[] = [];
  const sum = await eachTarget([target("a"), target("b", 5), target("c")], async ({ service, count }) => {
    asked.push(service);
    if (service === "b") throw new Error("The database cannot be read.");
    return { done: count.value, refused: 0, refusal: null };
  });

  expect(asked).toEqual(["a", "b", "c"]);
  expect(sum).toEqual({ done: 6, refused: 5, refusal: "b: The database cannot be read.", unknown: [] });
});

test("what the only service says is an error", async () => {
  await expect(eachTarget([target("a")], () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("of a service whose answer did not come nobody says that nothing was done", async () => {
  const sum = await eachTarget([target("a"), target("b"), target("c")], ({ service, count }) =>
    service === "a" ? Promise.resolve({ done: count.value, refused: 0, refusal: null }) : Promise.reject(new ApiError(service === "b" ? 0 : 503, "")));

  expect(sum).toEqual({ done: 3, refused: 0, refusal: null, unknown: ["b", "c"] });
});

test("all that match are counted as the deed will count them, whatever the page has shown", async () => {
  const asked: string[] = [];
  vi.stubGlobal("document", { baseURI: "http://localhost/" });
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    return Promise.resolve(Response.json(url.endsWith("service=a") ? { value: 100_000, isEstimate: true, isAtLeast: true } : { value: 0, isEstimate: false }));
  });

  const targets = await targetsMatching(["a", "b"], { state: "pending", name: "x" }, "outbox");

  expect(asked).toEqual(["a", "b"].map((service) => `http://localhost/api/v1/outbox/matching?state=pending&name=x&service=${service}`));
  expect(targets.map(requestOf)).toEqual([{ service: "a", filter: { state: "pending", name: "x" }, expectedCount: 100_000, isAtLeast: true }]);
});
