import { expect, test } from "vitest";
import { eachTarget, requestOf, type Target } from "./bulk";

const target = (service: string, value = 3): Target => ({ service, filter: {}, count: { value, isEstimate: false } });

test("what one service refuses is told with its reason, and the others go on", async () => {
  const asked: string[] = [];
  const sum = await eachTarget([target("a"), target("b", 5), target("c")], async ({ service, count }) => {
    asked.push(service);
    if (service === "b") throw new Error("The database cannot be read.");
    return { done: count.value, refused: 0, refusal: null };
  });

  expect(asked).toEqual(["a", "b", "c"]);
  expect(sum).toEqual({ done: 6, refused: 5, refusal: "b: The database cannot be read." });
});

test("what the only service says is an error", async () => {
  await expect(eachTarget([target("a")], () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("who saw that there are more than were counted means all of them", () => {
  expect(requestOf({ ...target("a", 10_000), count: { value: 10_000, isEstimate: true, isAtLeast: true } })).toMatchObject({ expectedCount: 10_000, isAtLeast: true });
});
