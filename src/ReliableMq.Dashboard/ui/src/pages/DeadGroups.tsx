import { gathered } from "../act/act";
import { DoButton } from "../act/DoButton";
import { type Target, targetsMatching } from "../act/bulk";
import type { DeadLetterGroup, Page } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { Go, useQueryState } from "../parts/address";
import { Counted } from "../parts/Facts";
import { Filters } from "../parts/Filters";
import { Pager } from "../parts/Pager";
import { Spark } from "../parts/Spark";
import { Mark } from "../parts/Mark";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Age } from "../time/zone";
import { useDeadDeeds } from "./deadDeeds";
import { useDeadFilters } from "./DeadLetters";
import { noErrorType, shortType } from "./exceptions";

export function DeadGroups() {
  const texts = useTexts();
  const { fields, dead } = texts;
  const [query] = useQueryState();
  const { filters, filter, service } = useDeadFilters();
  const read = useRead<Page<DeadLetterGroup>>("dead-letters/groups", { service, ...filter, cursor: query["cursor"] }, { areas: ["dead-letters"] });
  const deeds = useDeadDeeds();
  const isWaiting = !filter["state"] || filter["state"] === "waiting";

  const within = (group: DeadLetterGroup): Record<string, string> => ({ ...filter, queue: group.queue, errorType: group.errorType ?? noErrorType });
  const targetOf = async (group: DeadLetterGroup): Promise<Target[]> => {
    const own = within(group);
    return targetsMatching([group.service], own, "dead-letters");
  };
  const factsOf = (group: DeadLetterGroup): [string, string][] => [
    [fields.service, group.service], [fields.queue, group.queue], [fields.errorType, group.errorType ?? dead.noException],
    ...filters.filter((one) => filter[one.name] && !["queue", "errorType", "state"].includes(one.name)).map((one): [string, string] => [one.label, filter[one.name]!]),
  ];

  const run = async (deed: "replay" | "discard", group: DeadLetterGroup) => {
    const targets = await gathered(texts, targetOf(group));
    if (targets) await deeds[deed](targets, factsOf(group));
  };

  return (
    <>
      <Filters filters={filters} />
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.isCut && <p className="note warn" role="status"><Mark tone="warn" />{dead.groupsCut}</p>}
            {page.items.length === 0 ? (
              <div className="framed"><Blank tone={Object.keys(filter).length > 0 ? "calm" : "good"} title={Object.keys(filter).length > 0 ? dead.noMatch : dead.empty} /></div>
            ) : (
              <Table
                label={texts.pages.deadLetters} rows={page.items} keyOf={(row) => `${row.service}\n${row.queue}\n${row.errorType}`} isOld={read.isPlaceholderData}
                columns={[
                  {
                    name: fields.errorType, kind: "wide", phone: "first",
                    cell: (row) => (
                      <span className="two-lines">
                        <Go to="/dead-letters/list" query={{ ...within(row), service: row.service }} title={row.errorType ?? ""}>{row.errorType ? shortType(row.errorType) : dead.noException}</Go>
                        <span title={row.reason}>{row.reason}</span>
                      </span>
                    ),
                  },
                  { name: fields.queue, cell: (row) => <span className="two-lines"><span>{row.queue}</span><span>{row.service}</span></span> },
                  { name: fields.count, kind: "num", cell: (row) => <strong><Counted count={row.count} /></strong> },
                  { name: fields.trend, phone: "off", cell: (row) => <Spark values={row.trend} label={dead.trendLabel(row.trend.reduce((sum, value) => sum + value, 0))} /> },
                  { name: fields.first, kind: "num", phone: "off", cell: (row) => <Age at={row.firstDeadAt} /> },
                  { name: fields.last, kind: "num", cell: (row) => <Age at={row.lastDeadAt} /> },
                  {
                    name: "",
                    cell: (row) => isWaiting && (
                      <span className="row-actions">
                        <DoButton label={`${dead.replayAll}: ${dead.openGroup(row.queue, row.errorType ? shortType(row.errorType) : dead.noException)}`} onDo={() => run("replay", row)}>{dead.replayAll}</DoButton>
                        <DoButton label={`${dead.discardAll}: ${dead.openGroup(row.queue, row.errorType ? shortType(row.errorType) : dead.noException)}`} onDo={() => run("discard", row)}>{dead.discardAll}</DoButton>
                      </span>
                    ),
                  },
                ]}
              />
            )}
            <Pager next={page.next} shown={page.items.length} />
          </>
        )}
      </Shown>
    </>
  );
}
