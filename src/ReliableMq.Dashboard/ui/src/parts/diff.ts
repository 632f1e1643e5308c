export type DiffLine = [kind: "same" | "out" | "in", text: string];

/** The lines of both, in order: what stays, what goes, what comes. */
export function diff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  // Beyond this the table of the longest common lines costs more than the answer is worth.
  if (a.length * b.length > 4_000_000) return [...a.map((line): DiffLine => ["out", line]), ...b.map((line): DiffLine => ["in", line])];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(["same", a[i]!]);
      i++;
      j++;
    } else if (j === b.length || (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      lines.push(["out", a[i++]!]);
    } else {
      lines.push(["in", b[j++]!]);
    }
  }
  return lines;
}

/** Only what changes, with a line around it. */
export const changed = (lines: DiffLine[]) =>
  lines.filter(([kind], index) => kind !== "same" || [lines[index - 1], lines[index + 1]].some((near) => near && near[0] !== "same"));
