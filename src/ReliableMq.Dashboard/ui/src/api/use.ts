import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, type Parameters } from "./client";
import type { Area, Session } from "./contract";
import { type LiveState, pollEvery, pollEveryWhileLive, useLive } from "./live";

export interface Reading {
  /** What must change for this to be read again. */
  areas: Area[];
  isNeeded?: boolean;
  /** Whether another address is another view of the same, so that the old may stay until the new is there. */
  isSameThing?: boolean;
  /** Whether it is what it is for ever, so that it is read once. */
  isFixed?: boolean;
}

/** When something is read again by itself. */
export const rereading = (live: LiveState, isFixed: boolean) =>
  isFixed ? { staleTime: "static" as const, refetchInterval: false as const } : { refetchInterval: live === "live" ? pollEveryWhileLive : pollEvery };

/** Reads from the API, and again whenever it may have changed. */
export function useRead<T>(path: string, parameters: Parameters, { areas, isNeeded = true, isSameThing = true, isFixed = false }: Reading) {
  const live = useLive();
  return useQuery({
    queryKey: [path, parameters],
    queryFn: ({ signal }) => get<T>(path, parameters, signal),
    ...(isSameThing ? { placeholderData: keepPreviousData } : {}),
    ...rereading(live, isFixed),
    enabled: isNeeded,
    meta: { areas },
  });
}

export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => get<Session>("session", {}, signal),
    staleTime: 60_000,
    refetchInterval: 60_000,
    meta: { areas: [] as Area[] },
  });
}
