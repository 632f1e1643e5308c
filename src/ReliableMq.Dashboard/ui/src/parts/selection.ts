import { useEffect, useState } from "react";

export interface Selection {
  keys: string[];
  /** All that match, also those on other pages. */
  isAll: boolean;
  has: (key: string) => boolean;
  set: (keys: string[], on: boolean) => void;
  setAll: () => void;
  clear: () => void;
}

/** The rows an operator has chosen; another list (another scope) begins with none. */
export function useSelection(scope: string): Selection {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const [isAll, setIsAll] = useState(false);
  const clear = () => {
    setKeys(new Set());
    setIsAll(false);
  };
  useEffect(clear, [scope]);
  return {
    keys: [...keys],
    isAll,
    has: (key) => isAll || keys.has(key),
    set: (changed, on) => {
      setIsAll(false);
      setKeys((before) => {
        const after = new Set(before);
        changed.forEach((key) => (on ? after.add(key) : after.delete(key)));
        return after;
      });
    },
    setAll: () => setIsAll(true),
    clear,
  };
}
