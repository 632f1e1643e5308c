import type { ReactNode } from "react";
import type { Count } from "../api/contract";
import { useTexts } from "../i18n/language";
import type { Selection } from "../parts/selection";

interface BulkBarProps {
  selection: Selection;
  /** How many there are on all pages; offered as a whole where there are more than are chosen. */
  matching: Count | undefined;
  canBeAll: boolean;
  children: ReactNode;
}

/** What can be done with the chosen rows. It lies over the end of the list, so that nothing moves when it comes. */
export function BulkBar({ selection, matching, canBeAll, children }: BulkBarProps) {
  const { common, ask } = useTexts();
  if (selection.keys.length === 0 && !selection.isAll) return null;
  return (
    <div className="bulk" role="region" aria-label={common.selected(selection.keys.length)}>
      <strong className="num" aria-live="polite">{selection.isAll && matching ? ask.allSelected(matching) : common.selected(selection.keys.length)}</strong>
      {canBeAll && !selection.isAll && matching && (matching.isAtLeast || matching.value > selection.keys.length) && (
        <button type="button" className="link-button" onClick={selection.setAll}>{ask.allMatching(matching)}</button>
      )}
      {children}
      <button type="button" className="button quiet small" onClick={selection.clear}>{common.clearSelection}</button>
    </div>
  );
}
