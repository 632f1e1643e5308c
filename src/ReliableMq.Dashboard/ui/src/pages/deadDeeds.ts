import { useQueryClient } from "@tanstack/react-query";
import { act } from "../act/act";
import { eachTarget, postAll, requestOf, type Target } from "../act/bulk";
import { post } from "../api/client";
import type { ReplayStarted } from "../api/contract";
import { useTexts } from "../i18n/language";
import { addCounts } from "../i18n/numbers";
import { questionOf } from "./deeds";

const pace = 100;

/** Replay and discard of many, by ids or by filter. */
export function useDeadDeeds() {
  const texts = useTexts();
  const queries = useQueryClient();
  const sum = (targets: Target[]) => addCounts(targets.map((target) => target.count));

  const replay = (targets: Target[], facts: [string, string][]) => {
    const isByFilter = targets.some((target) => target.filter);
    const question = questionOf("replay", sum(targets), facts, texts);
    question.fields = [
      ...(isByFilter ? [{ name: "perSecond", label: texts.dead.perSecond, kind: "number" as const, initial: String(pace), least: 1, most: 10_000, isRequired: true }] : []),
      { name: "beyondHorizon", label: texts.dead.beyondHorizon, kind: "check" as const },
    ];
    return act(queries, texts, question, async (answer) => {
      let started = 0;
      const total = await eachTarget(targets, async (target) => {
        const { result, replay: running } = await post<ReplayStarted>("dead-letters/replay", {
          ...requestOf(target), beyondHorizon: answer["beyondHorizon"] === true, ...(target.filter ? { perSecond: Number(answer["perSecond"]) } : {}),
        });
        if (running) started += target.count.value;
        return result;
      });
      return started > 0 && total.refused === 0 ? texts.ask.started(started) : total;
    });
  };

  const discard = (targets: Target[], facts: [string, string][]) =>
    act(queries, texts, questionOf("discard", sum(targets), facts, texts), (answer) => postAll("dead-letters/discard", targets, { reason: answer["reason"] }));

  return { replay, discard };
}
