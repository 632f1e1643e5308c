import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { ApiError } from "../api/client";
import { Shown } from "./States";

const shown = (read: { data?: string; error?: unknown }) =>
  renderToStaticMarkup(createElement(Shown<string>, {
    read: { data: read.data, dataUpdatedAt: Date.UTC(2026, 0, 31, 12), error: read.error ?? null, isPending: false, refetch: () => {} }, children: (data: string) => data,
  }));

test("what could not be read again is shown with its age and the reason", () => {
  const old = shown({ data: "3 pending", error: new ApiError(503, "The database cannot be read.") });
  expect(old).toContain("3 pending");
  expect(old).toContain("This could not be read again; it is of 2026-01-31 07:00:00.");
  expect(old).toContain("The database cannot be read.");
  expect(shown({ data: "3 pending" })).toBe("3 pending");
});

test("whoever is signed out is asked to open the page anew, not to wait", () => {
  const refused = shown({ error: new ApiError(401, "") });
  expect(refused).toContain("Sign in again");
  expect(refused).toContain("Reload");
  expect(refused).not.toContain("Try again");
});
