import { describe, expect, it } from "vitest";
import { changed, diff } from "./diff";
import { hexLines } from "./hex";
import { jsonFault, jsonParts } from "./json";

describe("JSON", () => {
  it("is coloured without losing a character", () => {
    const text = '{ "a\\"b": "x: 1", "n": -1.5e3, "ok": true, "no": null }';
    const parts = jsonParts(text);
    expect(parts.map(([, part]) => part).join("")).toBe(text);
    expect(parts.filter(([kind]) => kind === "key").map(([, part]) => part)).toEqual(['"a\\"b"', '"n"', '"ok"', '"no"']);
    expect(parts.filter(([kind]) => kind === "number").map(([, part]) => part)).toEqual(["-1.5e3"]);
  });

  it("is shown as it is where it is not JSON", () => {
    expect(jsonParts("not { json").map(([, part]) => part).join("")).toBe("not { json");
  });

  it("tells where it ends to be JSON", () => {
    expect(jsonFault('{ "a": 1 }')).toBeNull();
    expect(jsonFault('{\n  "a": 1,\n  b\n}')).toMatchObject({ line: 3, column: 3 });
    expect(jsonFault('{ "a": ')).toMatchObject({ line: 1 });
    expect(jsonFault("")).toMatchObject({ line: 1, column: 1 });
  });
});

describe("the changes of a body", () => {
  it("are the lines that go and come, in order", () => {
    expect(diff("a\nb\nc", "a\nx\nc")).toEqual([["same", "a"], ["out", "b"], ["in", "x"], ["same", "c"]]);
    expect(diff("a", "a")).toEqual([["same", "a"]]);
  });

  it("are shown with one line around them", () => {
    expect(changed(diff("1\n2\n3\n4\n5", "1\n2\nx\n4\n5"))).toEqual([["same", "2"], ["out", "3"], ["in", "x"], ["same", "4"]]);
  });

  it("of very long bodies are told without looking for what stays", () => {
    const long = Array.from({ length: 3000 }, (_, line) => `${line}`).join("\n");
    expect(diff(long, `${long}\n`).length).toBe(6001);
  });
});

it("shows bytes sixteen a line, and as text what is text", () => {
  const lines = hexLines(btoa("Hello, RabbitMQ!\u0000\u0001z"));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toEqual({ offset: "000000", hex: "48 65 6c 6c 6f 2c 20 52  61 62 62 69 74 4d 51 21", text: "Hello, RabbitMQ!" });
  expect(lines[1]).toMatchObject({ offset: "000010", text: "··z" });
});
