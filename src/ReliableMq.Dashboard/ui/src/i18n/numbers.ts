import type { Count } from "../api/contract";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Thousands are set apart in both languages alike. */
export const formatNumber = (value: number) => whole.format(value);

export function formatCount(count: Count | number) {
  if (typeof count === "number") return formatNumber(count);
  if (count.isUnknown) return "?";
  return `${count.isAtLeast ? "≥ " : count.isEstimate ? "≈ " : ""}${formatNumber(count.value)}`;
}

/** With as many digits as tell something: 0.25, 3.1, 12, 1,204. */
export function formatRate(value: number) {
  if (value === 0) return "0";
  if (value < 0.1) return value.toFixed(2);
  return value < 10 ? value.toFixed(1).replace(/\.0$/, "") : formatNumber(value);
}

export function formatMilliseconds(value: number) {
  if (value === 0) return "0 ms";
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${Math.round(value)} ms`;
  return value < 100_000 ? `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s` : `${formatNumber(value / 60_000)} min`;
}

export function formatSize(bytes: number) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export const addCounts = (counts: Count[]): Count =>
  counts.reduce<Count>(
    (sum, count) => ({
      value: sum.value + count.value, isEstimate: sum.isEstimate || count.isEstimate, isUnknown: sum.isUnknown === true && count.isUnknown === true,
      isAtLeast: sum.isAtLeast === true || count.isAtLeast === true || count.isUnknown === true,
    }),
    { value: 0, isEstimate: false, isAtLeast: false, isUnknown: counts.length > 0 },
  );
