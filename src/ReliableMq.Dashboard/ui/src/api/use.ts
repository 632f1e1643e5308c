import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, type Parameters } from "./client";
import type { Area, Session } from "./contract";
import { pollEvery, pollEveryWhileLive, useLive } from "./live";

export interface Reading {
  /** What must change for this to be read again. */
  areas: Area[];
  isNeeded?: boolean;
  /** Whether another address is another view of the same, so that the old may stay until the new is there. */
  isSameThing?: boolean;
}

/** Reads from the API, and again whenever it may have changed. */
export function useRead<T>(path: string, parameters: Parameters, { areas, isNeeded = true, isSameThing = true }: Reading) {
  const live = useLive();
  return useQuery({
    queryKey: [path, parameters],
    queryFn: ({ signal }) => get<T>(path, parameters, signal),
    ...(isSameThing ? { placeholderData: keepPreviousData } : {}),
    refetchInterval: live === "live" ? pollEveryWhileLive : pollEvery,
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
