import { type ReactNode, useEffect, useRef } from "react";
import { useTexts } from "../i18n/language";
import type { Selection } from "./selection";

export interface Column<T> {
  name: string;
  /** num: right-aligned figures. wide: takes what is left. Others are as wide as their content. */
  kind?: "num" | "wide" | undefined;
  /** Where there is little room: "first" heads the card, "off" is left out. */
  phone?: "first" | "off";
  cell: (row: T) => ReactNode;
}

interface TableProps<T> {
  label: string;
  rows: T[];
  keyOf: (row: T) => string;
  columns: Column<T>[];
  selection?: Selection | undefined;
  /** The rows of before stay, dimmed, until the new ones are there. */
  isOld?: boolean;
  nameOf?: (row: T) => string;
}

export function Table<T>({ label, rows, keyOf, columns, selection, isOld = false, nameOf }: TableProps<T>) {
  const { common } = useTexts();
  const keys = rows.map(keyOf);
  const chosen = selection ? keys.filter((key) => selection.has(key)).length : 0;
  return (
    <div className={isOld ? "table-frame old" : "table-frame"}>
      <table className={selection ? "table selectable" : "table"} aria-label={label} aria-busy={isOld}>
        <thead>
          <tr>
            {selection && (
              <th className="check">
                <Check
                  label={common.selectAll} isChecked={chosen > 0 && chosen === keys.length} isPart={chosen > 0 && chosen < keys.length}
                  change={(on) => selection.set(keys, on)}
                />
              </th>
            )}
            {columns.map((column) => <th key={column.name} scope="col" className={classOf(column)}>{column.name || <span className="hidden">{common.actions}</span>}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = keyOf(row);
            return (
              <tr key={key} className={selection?.has(key) ? "chosen" : undefined}>
                {selection && (
                  <td className="check">
                    <Check label={common.selectRow(nameOf?.(row) ?? key)} isChecked={selection.has(key)} change={(on) => selection.set([key], on)} />
                  </td>
                )}
                {columns.map((column) => (
                  <td key={column.name} className={classOf(column)} data-name={column.name}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const classOf = ({ kind, phone }: { kind?: string | undefined; phone?: string }) => [kind, phone && `phone-${phone}`].filter(Boolean).join(" ");

function Check({ label, isChecked, isPart = false, change }: { label: string; isChecked: boolean; isPart?: boolean; change: (on: boolean) => void }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = isPart;
  }, [isPart]);
  return <input ref={box} type="checkbox" aria-label={label} checked={isChecked} onChange={(event) => change(event.target.checked)} />;
}
