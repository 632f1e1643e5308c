import { afterEach, expect, test, vi } from "vitest";
import { en } from "../i18n/en";
import { ApiError, get } from "./client";
import { explain } from "./explain";

afterEach(() => void vi.unstubAllGlobals());

test("whoever is sent to sign in is told so, and not that the service is away", async () => {
  vi.stubGlobal("document", { baseURI: "http://localhost/reliable-mq/" });
  const asked = vi.fn((_: string, init: RequestInit) =>
    // As browsers do.
    init.redirect === "manual" ? Promise.resolve({ type: "opaqueredirect", status: 0, ok: false, headers: new Headers() }) : Promise.reject(new TypeError("Failed to fetch")));
  vi.stubGlobal("fetch", asked);

  const error = await get("session").catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).isSignedOut).toBe(true);
  expect((error as ApiError).isAway).toBe(false);
  expect(explain(error, en)).toBe("You are not signed in any more. Open the page anew.");
});
