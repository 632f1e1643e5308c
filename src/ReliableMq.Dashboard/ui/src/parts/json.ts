export type JsonPart = [kind: "key" | "string" | "number" | "word" | "", text: string];

const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/** The text in pieces that are coloured alike; all of it, whether it is right JSON or not. */
export function jsonParts(text: string): JsonPart[] {
  const parts: JsonPart[] = [];
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    if (match.index > end) parts.push(["", text.slice(end, match.index)]);
    const [whole, quoted, colon] = match;
    if (quoted) {
      parts.push([colon ? "key" : "string", quoted]);
      if (colon) parts.push(["", colon]);
    } else {
      parts.push([/^[tfn]/.test(whole) ? "word" : "number", whole]);
    }
    end = match.index + whole.length;
  }
  if (end < text.length) parts.push(["", text.slice(end)]);
  return parts;
}

export interface JsonFault { line: number; column: number; what: string }

/** Where the text stops being JSON; null if it is JSON. */
export function jsonFault(text: string): JsonFault | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = (error as Error).message;
    const stated = /line (\d+) column (\d+)/.exec(message);
    const position = /position (\d+)/.exec(message);
    const what = message.replace(/\s*(in JSON)?\s*at position.*$|\(line.*$|^JSON\.parse: /g, "").replace(/, \.*"[\s\S]*" is not valid JSON$/, "").trim();
    if (stated) return { line: Number(stated[1]), column: Number(stated[2]), what };
    const before = text.slice(0, position ? Number(position[1]) : text.length).split("\n");
    return { line: before.length, column: before.at(-1)!.length + 1, what };
  }
}
