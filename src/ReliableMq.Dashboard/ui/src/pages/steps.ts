import type { RatePoint, Rates } from "../api/contract";

/** The minute that runs looks like an end of all traffic: it is shown only where there is nothing before it. */
export function wholeSteps(rates: Rates | undefined): RatePoint[] {
  const before = rates?.points.slice(0, -1) ?? [];
  const isEmpty = before.every((point) => point.committed + point.sent + point.handled + point.failed + point.deadLettered === 0);
  return !rates || rates.stepSeconds > 60 || isEmpty ? (rates?.points ?? []) : before;
}

export const perMinute = (points: RatePoint[], stepSeconds: number, pick: (point: RatePoint) => number) => points.map((point) => pick(point) / (stepSeconds / 60));
