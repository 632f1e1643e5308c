import { expect, test } from "vitest";
import { ApiError } from "../api/client";
import { en } from "../i18n/en";
import { failureOf } from "./act";

test("nothing was changed is said only where that is known", () => {
  expect(failureOf(new ApiError(409, "Too late."), en)).toEqual(["Nothing was changed.", "Too late."]);
  expect(failureOf(new ApiError(0, ""), en)).toEqual(["It is not known how much was done.", "The line or the process is away. The page tries again by itself. Look at the audit before you do it again."]);
  expect(failureOf(new ApiError(503, "The database cannot be read: gone. Try again."), en)[0]).toBe("It is not known how much was done.");
});
