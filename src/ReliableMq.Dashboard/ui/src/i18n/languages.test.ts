import { describe, expect, it } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

/** Each text by the path to it, with what it is. */
function textsOf(texts: object, path = ""): Map<string, unknown> {
  return new Map(Object.entries(texts).flatMap(([name, text]) => (typeof text === "object" ? [...textsOf(text, `${path}${name}.`)] : [[path + name, text] as const])));
}

describe("the languages", () => {
  const [english, chinese] = [textsOf(en), textsOf(zh)];

  it("have the same texts", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("have a text in each place, with figures where the other has them", () => {
    for (const [path, text] of english) {
      const other = chinese.get(path);
      expect(typeof other, path).toBe(typeof text);
      if (typeof text === "string") expect(other, path).not.toBe("");
    }
  });

  it("say every count they are given", () => {
    const count = { value: 5012, isEstimate: false, isAtLeast: false };
    for (const [path, text] of [...english, ...chinese].filter(([path]) => /^ask\.(verbs\.|\w+Title$)/.test(path))) {
      expect((text as (n: unknown) => string)(count), path).toContain("5,012");
      expect((text as (n: unknown) => string)(1), path).toMatch(/(^|\D)1(\D|$)/);
    }
  });

  it("say one message and two messages", () => {
    expect(en.ask.replayTitle(1)).toBe("Replay 1 message?");
    expect(en.ask.replayTitle(2)).toBe("Replay 2 messages?");
  });
});
