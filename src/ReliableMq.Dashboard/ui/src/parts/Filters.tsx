import { type FormEvent, useEffect, useState } from "react";
import { useTexts } from "../i18n/language";
import { fromField, toField } from "../time/format";
import { useClock } from "../time/zone";
import { useQueryState } from "./address";
import { Icon } from "./Icon";

export interface Filter {
  name: string;
  label: string;
  kind?: "text" | "time";
  choices?: [value: string, label: string][];
  /** What no choice means, where it does not mean all. */
  otherwise?: string;
}

/** Filters of a list. They stand in the address when they are applied, and only then are asked for. */
export function Filters({ filters }: { filters: Filter[] }) {
  const { common } = useTexts();
  const { zone } = useClock();
  const [query, change] = useQueryState();
  const applied = filters.map((filter) => query[filter.name] ?? "");
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [isOpen, setOpen] = useState(false);
  const appliedKey = applied.join("\n");
  useEffect(() => setTyped({}), [appliedKey]);

  const shown = (filter: Filter, value: string) => (filter.kind === "time" && value ? toField(value, zone) : value);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    const changes: Record<string, string | null> = { cursor: null };
    for (const filter of filters) {
      const value = typed[filter.name];
      if (value !== undefined) changes[filter.name] = filter.kind === "time" ? fromField(value, zone) : value.trim() || null;
    }
    change(changes);
  };

  const active = filters.filter((filter) => query[filter.name]);
  return (
    <div className="filters">
      <div className="filters-line">
        <button type="button" className="button quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <Icon name="down" />{common.filters}
        </button>
        {active.map((filter) => (
          <button key={filter.name} type="button" className="chip" onClick={() => change({ [filter.name]: null, cursor: null })} title={common.clear}>
            <span className="faint">{filter.label}</span> {filter.kind === "time" ? shown(filter, query[filter.name] ?? "").replace("T", " ") : query[filter.name]}<Icon name="close" />
          </button>
        ))}
      </div>
      {isOpen && (
        <form className="filters-form" onSubmit={apply}>
          {filters.map((filter) => (
            <label key={filter.name} className="field">
              <span>{filter.label}</span>
              {filter.choices ? (
                <select
                  value={query[filter.name] ?? ""}
                  onChange={(event) => change({ [filter.name]: event.target.value || null, cursor: null })}
                >
                  <option value="">{filter.otherwise ?? common.all}</option>
                  {filter.choices.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
                </select>
              ) : (
                <input
                  type={filter.kind === "time" ? "datetime-local" : "text"} spellCheck={false} autoComplete="off" maxLength={1000}
                  value={typed[filter.name] ?? shown(filter, query[filter.name] ?? "")}
                  onChange={(event) => setTyped({ ...typed, [filter.name]: event.target.value })}
                />
              )}
            </label>
          ))}
          <div className="filters-buttons">
            <button type="submit" className="button primary">{common.apply}</button>
            {active.length > 0 && (
              <button type="button" className="button quiet" onClick={() => change(Object.fromEntries([...filters.map((filter) => [filter.name, null]), ["cursor", null]]))}>
                {common.clear}
              </button>
            )}
          </div>
        </form>
      )}
    </div>
  );
}
