import type { Texts } from "../i18n/en";
import { ApiError } from "./client";

/** What was wrong, for the person who reads the page. */
export function explain(error: unknown, texts: Texts) {
  if (!(error instanceof ApiError)) return String(error);
  if (error.isAway) return texts.common.awayText;
  if (error.isSignedOut && !error.problem) return texts.common.signInText;
  return error.problem?.actualCount != null ? texts.ask.changedMeanwhile(error.problem.actualCount) : texts.server(error.message);
}
