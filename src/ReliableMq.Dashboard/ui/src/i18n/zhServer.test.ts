import { expect, test } from "vitest";
import { addCounts, formatCount } from "./numbers";
import { serverInChinese } from "./zhServer";

test("sentences of the server are told in Chinese, unknown ones as they are", () => {
  expect(serverInChinese("An operator has paused: billing.order-placed.")).toBe("操作员已暂停：billing.order-placed。");
  expect(serverInChinese("1 dead letter waits for an operator.")).toBe("1 条死信等待操作员处理。");
  expect(serverInChinese("More than 10000 messages wait behind one of their ordering key that fails.")).toBe("超过 10000 条消息排在具有相同排序键的失败消息之后。");
  expect(serverInChinese("The database cannot be read: No answer within 10 s.")).toBe("数据库 10 秒内没有应答。");
  expect(serverInChinese("The database cannot be read: Failed to connect")).toBe("数据库无法读取：Failed to connect");
  expect(serverInChinese("Something else.")).toBe("Something else.");
});

test("a count that nobody knows is not zero", () => {
  const unknown = { value: 0, isEstimate: false, isUnknown: true };
  expect(formatCount(unknown)).toBe("?");
  expect(formatCount(addCounts([unknown, { value: 3, isEstimate: false }]))).toBe("≥ 3");
  expect(formatCount(addCounts([]))).toBe("0");
});
