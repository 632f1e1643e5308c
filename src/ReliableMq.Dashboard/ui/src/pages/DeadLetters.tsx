import { useParams } from "wouter";
import type { DeadLetterWhat } from "../api/contract";
import { useTexts } from "../i18n/language";
import { useQueryState } from "../parts/address";
import { NotFound } from "../parts/States";
import { Tabs } from "../parts/Tabs";
import { Title } from "../parts/Title";
import type { Filter } from "../parts/Filters";
import { DeadGroups } from "./DeadGroups";
import { DeadList } from "./DeadList";
import { DeadReplays } from "./DeadReplays";
import "../styles/detail.css";

export const deadStates: DeadLetterWhat[] = ["waiting", "replayed", "discarded"];

/** What both ways of looking at them can be narrowed by. */
export function useDeadFilters() {
  const { fields, time, deadStates: names } = useTexts();
  const [query] = useQueryState();
  const filters: Filter[] = [
    { name: "state", label: fields.state, otherwise: names.waiting, choices: deadStates.slice(1).map((state): [string, string] => [state, names[state]]) },
    { name: "queue", label: fields.queue }, { name: "errorType", label: fields.errorType }, { name: "text", label: fields.errorText },
    { name: "name", label: fields.name }, { name: "messageId", label: fields.messageId }, { name: "correlationId", label: fields.correlationId },
    { name: "from", label: time.from, kind: "time" }, { name: "until", label: time.until, kind: "time" },
  ];
  const filter = Object.fromEntries(filters.filter((one) => query[one.name]).map((one) => [one.name, query[one.name]!]));
  return { filters, filter, service: query["service"] };
}

export function DeadLetters() {
  const { pages, dead } = useTexts();
  const { view = "groups" } = useParams<{ view?: string }>();
  const { filter } = useDeadFilters();
  const views = [["groups", dead.groups, "/dead-letters"], ["list", dead.list, "/dead-letters/list"], ["replays", dead.replays, "/dead-letters/replays"]] as const;
  if (!views.some(([each]) => each === view)) return <NotFound />;
  return (
    <>
      <Title about={dead.about}>{pages.deadLetters}</Title>
      <Tabs label={pages.deadLetters} tabs={views.map(([each, name, to]) => ({ to, query: each === "replays" ? {} : filter, name, isCurrent: each === view }))} />
      {view === "list" ? <DeadList /> : view === "replays" ? <DeadReplays /> : <DeadGroups />}
    </>
  );
}
