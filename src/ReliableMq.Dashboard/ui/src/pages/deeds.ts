import type { ReactNode } from "react";
import type { Count, OutboxState } from "../api/contract";
import type { Question } from "../act/ask";
import type { Texts } from "../i18n/en";

export type OutboxDeed = "send-now" | "cancel" | "resend" | "delete";
export type Deed = OutboxDeed | "replay" | "discard" | "retry-now";

/** What can be done with a row in each state. */
export const outboxDeeds: Record<OutboxState, OutboxDeed[]> = {
  pending: ["cancel"],
  scheduled: ["send-now", "cancel"],
  retrying: ["send-now", "cancel"],
  failed: ["send-now", "cancel"],
  sent: ["resend", "delete"],
  expired: ["resend", "delete"],
  cancelled: ["resend", "delete"],
};

/** What is asked before a deed: what it does, to how many, and which. */
export function questionOf(deed: Deed, count: Count | number, facts: [string, ReactNode][], { ask, outbox, dead, inbox }: Texts): Question & { name: string } {
  const reason = { name: "reason", label: ask.reason, kind: "text" as const, hint: ask.reasonHint };
  switch (deed) {
    case "send-now":
      return { name: outbox.sendNow, title: ask.sendTitle(count), text: ask.sendText, facts, confirm: ask.verbs.sendNow(count) };
    case "cancel":
      return { name: outbox.cancelMessage, title: ask.cancelTitle(count), text: ask.cancelText, facts, confirm: ask.verbs.cancel(count), isDangerous: true, fields: [reason] };
    case "resend":
      return { name: outbox.resend, title: ask.resendTitle(count), text: ask.resendText, facts, confirm: ask.verbs.resend(count) };
    case "delete":
      return { name: outbox.delete, title: ask.deleteTitle(count), text: ask.deleteText, facts, confirm: ask.verbs.delete(count), isDangerous: true, fields: [reason] };
    case "replay":
      return { name: dead.replay, title: ask.replayTitle(count), text: ask.replayText, facts, confirm: ask.verbs.replay(count) };
    case "discard":
      return { name: dead.discard, title: ask.discardTitle(count), text: ask.discardText, facts, confirm: ask.verbs.discard(count), isDangerous: true, fields: [{ ...reason, isRequired: true }] };
    case "retry-now":
      return { name: inbox.retryNow, title: ask.retryTitle(count), text: ask.retryText, facts, confirm: ask.verbs.retryNow(count) };
  }
}
