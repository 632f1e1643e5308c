import { ApiError, get, post } from "../api/client";
import type { ActionResult, Count } from "../api/contract";

/** What a deed is done to in one service: chosen rows, or all that match. */
export interface Target { service: string; ids?: string[]; filter?: Record<string, string>; count: Count }

type Resource = "outbox" | "inbox" | "dead-letters";

const separator = "\n";
export const keyOf = (row: { service: string; id: string }) => row.service + separator + row.id;

export function targetsOf(keys: string[]): Target[] {
  const services = new Map<string, string[]>();
  for (const key of keys) {
    const [service, id] = key.split(separator) as [string, string];
    services.set(service, [...(services.get(service) ?? []), id]);
  }
  return [...services].map(([service, ids]) => ({ service, ids, count: { value: ids.length, isEstimate: false } }));
}

/** Counted anew, because the operator is told how many before anything is done; and whole: what the page shows may be of a part only. */
export async function targetsMatching(services: string[], filter: Record<string, string>, resource: Resource): Promise<Target[]> {
  const targets = await Promise.all(services.map(async (service) => ({ service, filter, count: await get<Count>(`${resource}/matching`, { ...filter, service }) })));
  return targets.filter((target) => target.count.value > 0);
}

export const requestOf = ({ service, ids, filter, count }: Target) =>
  ids ? { service, ids } : { service, filter: filter ?? {}, expectedCount: count.value, isAtLeast: count.isAtLeast === true };

/** Whether nobody knows how much was done: the answer did not come, or the work ended in its midst. */
export const isUnknown = (error: unknown) => error instanceof ApiError && (error.isAway || error.status >= 500);

export interface Sum extends ActionResult {
  /** Services of which nobody knows how much was done. */
  unknown: string[];
}

/** One service after the other: what was done stays done and told if one fails, and that one is told with its reason. */
export async function eachTarget(targets: Target[], run: (target: Target) => Promise<ActionResult>): Promise<Sum> {
  const sum: Sum = { done: 0, refused: 0, refusal: null, unknown: [] };
  for (const target of targets) {
    try {
      const result = await run(target);
      sum.done += result.done;
      sum.refused += result.refused;
      sum.refusal = result.refusal ?? sum.refusal;
    } catch (error) {
      if (targets.length === 1) throw error;
      if (isUnknown(error)) {
        sum.unknown.push(target.service);
        continue;
      }
      sum.refused += target.count.value;
      sum.refusal = `${target.service}: ${error instanceof Error && error.message ? error.message : "no answer"}`;
    }
  }
  return sum;
}

export const postAll = (path: string, targets: Target[], more: object = {}) =>
  eachTarget(targets, (target) => post<ActionResult>(path, { ...requestOf(target), ...more }));
