import type { QueryClient } from "@tanstack/react-query";
import type { ActionResult } from "../api/contract";
import { explain } from "../api/explain";
import type { Texts } from "../i18n/en";
import { notify } from "../parts/notify";
import { isUnknown, type Sum, type Target } from "./bulk";
import { ask, type Answer, type Question } from "./ask";

/** Asks, does, says how it ended, and reads again what may have changed. Answers whether anything was done. */
export async function act(queries: QueryClient, texts: Texts, question: Question, run: (answer: Answer) => Promise<ActionResult | Sum | string>) {
  const answer = await ask(question);
  if (!answer) return false;
  try {
    const result = await run(answer);
    if (typeof result === "string") notify("good", result);
    else tell(texts, result);
    return typeof result === "string" || result.done > 0;
  } catch (error) {
    notify("bad", ...failureOf(error, texts));
    return false;
  } finally {
    void queries.invalidateQueries();
  }
}

/** What is to be acted on; null, and said, where that could not be counted or is nothing. */
export async function gathered(texts: Texts, gathering: Promise<Target[]>) {
  try {
    const targets = await gathering;
    if (targets.length > 0) return targets;
    notify("warn", texts.outbox.noMatch);
  } catch (error) {
    notify("bad", texts.ask.failed, explain(error, texts));
  }
  return null;
}

/** What is said of a deed that was not answered as it should be. */
export const failureOf = (error: unknown, texts: Texts): [string, string] =>
  isUnknown(error) ? [texts.ask.unknown, `${explain(error, texts)} ${texts.ask.lookAtAudit}`] : [texts.ask.failed, explain(error, texts)];

function tell({ ask: words, server }: Texts, { done, refused, refusal, ...more }: ActionResult | Sum) {
  const unknown = "unknown" in more ? more.unknown : [];
  if (unknown.length > 0) notify("bad", words.unknownOf(unknown.join(", ")), words.lookAtAudit);
  if (unknown.length > 0 && done === 0 && refused === 0) return;
  const why = refused > 0 ? words.refused(refused, server(refusal ?? "")) : undefined;
  if (done > 0) notify(refused > 0 ? "warn" : "good", words.done(done), why);
  else notify("bad", words.failed, why);
}
