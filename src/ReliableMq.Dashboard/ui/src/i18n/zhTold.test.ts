import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Finding, StoryEntry, Verdict } from "../api/contract";
import { zh } from "./zh";

const schemas = (JSON.parse(readFileSync(new URL("../../../openapi.json", import.meta.url), "utf8")) as { components: { schemas: Record<string, { enum?: string[] }> } }).components.schemas;
const english = /[A-Z][a-z]+ [a-z]+/;
const values = ["12", "34", "56"];

test("each finding, entry and verdict has a sentence of its own, in Chinese", () => {
  const findings = schemas["FindingCode"]!.enum!.map((code) => zh.overview.finding({ code, values } as unknown as Finding));
  const entries = schemas["StoryCode"]!.enum!.map((code) => zh.message.entry({ code, values } as unknown as StoryEntry));
  const verdicts = schemas["VerdictCode"]!.enum!.map((code) => zh.overview.verdict({ code, findings: [] } as unknown as Verdict));
  for (const told of [findings, entries, verdicts]) {
    expect(new Set(told).size).toBe(told.length);
    for (const text of told) expect(text).not.toMatch(english);
  }
  expect(findings.length).toBeGreaterThan(10);
});

test("what is told depends on the finding, not on its area or the figures beside it", () => {
  const finding = (code: Finding["code"], area: Finding["area"], ...found: string[]): Finding => ({ severity: "error", area, service: "orders", text: "", code, values: found });
  expect(zh.overview.finding(finding("no-process", "nodes"))).toBe("没有存活的进程：既不发送也不处理。");
  expect(zh.overview.finding(finding("failing-long", "inbox", "3"))).not.toBe(zh.overview.finding(finding("parked", "inbox", "3")));
  expect(zh.overview.verdict({ isHealthy: true, text: "", findings: [], code: "no-service" })).toBe("没有已知的服务。");
  expect(zh.overview.verdict({ isHealthy: false, text: "", findings: [finding("health-checks-slow", "broker", "5")], code: "errors" })).toBe("有 1 个问题需要处理。");
});
