/** Sixteen bytes a line: where, what, and as text where it is any. */
export function hexLines(base64: string) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const lines: { offset: string; hex: string; text: string }[] = [];
  for (let start = 0; start < bytes.length; start += 16) {
    const line = [...bytes.subarray(start, start + 16)];
    const pairs = line.map((byte) => byte.toString(16).padStart(2, "0"));
    lines.push({
      offset: start.toString(16).padStart(6, "0"),
      hex: `${pairs.slice(0, 8).join(" ")}  ${pairs.slice(8).join(" ")}`.padEnd(48),
      text: line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join(""),
    });
  }
  return lines;
}
