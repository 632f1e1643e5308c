import { Tooltip } from "@base-ui/react/tooltip";
import { type ReactNode, useState } from "react";
import { useSession } from "../api/use";
import { useTexts } from "../i18n/language";

interface DoProps {
  /** What it does; the button waits for its end. */
  onDo: () => unknown;
  children: ReactNode;
  tone?: "primary" | "danger" | "plain" | undefined;
  label?: string | undefined;
}

/** Why the viewer may not change anything; null where that is allowed. */
export function useHindrance() {
  const { rights } = useTexts();
  const session = useSession().data;
  if (!session) return "…";
  if (session.isReadOnly) return rights.readOnly;
  return session.canOperate ? null : rights.noOperator;
}

/** Changes something. Whoever may not sees it all the same, and why. */
export function DoButton({ onDo, children, tone = "plain", label }: DoProps) {
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await onDo();
    } finally {
      setBusy(false);
    }
  };
  const hindrance = useHindrance();
  const look = `button ${tone === "plain" ? "" : tone}`;
  if (!hindrance) return <button type="button" className={look} onClick={() => void run()} disabled={isBusy} aria-label={label}>{children}</button>;
  return (
    <Tooltip.Root>
      {/* Not disabled but without effect: a disabled one could not be reached to learn the reason. */}
      <Tooltip.Trigger delay={100} className={`button hindered`} aria-disabled="true" aria-label={label} aria-description={hindrance}>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Positioner sideOffset={6} className="popup-place"><Tooltip.Popup className="popup hint">{hindrance}</Tooltip.Popup></Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
