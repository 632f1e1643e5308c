/** As the filter calls what died without an exception. */
export const noErrorType = "none";

export const shortType = (type: string) => type.slice(type.lastIndexOf(".") + 1);

/** What an exception says in its first line, without its type, which is shown apart. */
export function messageOf(error: string | null, type: string | null) {
  const line = error?.split("\n")[0]?.trimEnd();
  return line !== undefined && type && line.startsWith(`${type}: `) ? line.slice(type.length + 2) : (line ?? null);
}
