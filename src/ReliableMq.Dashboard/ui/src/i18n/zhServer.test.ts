import { expect, test } from "vitest";
import { addCounts, formatCount } from "./numbers";
import { serverInChinese } from "./zhServer";

test("sentences of the server are told in Chinese, unknown ones as they are", () => {
  expect(serverInChinese("An operator has paused: billing.order-placed.")).toBe("操作员已暂停：billing.order-placed。");
  expect(serverInChinese("Something else.")).toBe("Something else.");
});

test("a count that nobody knows is not zero", () => {
  const unknown = { value: 0, isEstimate: false, isUnknown: true };
  expect(formatCount(unknown)).toBe("?");
  expect(formatCount(addCounts([unknown, { value: 3, isEstimate: false }]))).toBe("≥ 3");
  expect(formatCount(addCounts([]))).toBe("0");
});
