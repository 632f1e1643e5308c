import { Toast } from "@base-ui/react/toast";
import { useEffect } from "react";
import { useTexts } from "../i18n/language";
import { Icon } from "./Icon";
import { Mark } from "./Mark";
import { type Notice, setTeller } from "./notify";

/** What actions have to say. What failed stays until it is closed. */
export function Notices() {
  return (
    <Toast.Provider limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="notices"><List /></Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { common } = useTexts();
  const { toasts, add } = Toast.useToastManager<Notice>();
  useEffect(() => {
    setTeller((notice) => add({
      title: notice.title, ...(notice.text ? { description: notice.text } : {}), timeout: notice.tone === "good" ? 8_000 : 0, priority: notice.tone === "bad" ? "high" : "low", data: notice,
    }));
    return () => setTeller(null);
  }, [add]);
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="notice">
      <Mark tone={toast.data?.tone ?? "good"} />
      <div>
        <Toast.Title className="notice-title" />
        <Toast.Description className="notice-text" />
      </div>
      <Toast.Close className="icon-button" aria-label={common.close}><Icon name="close" /></Toast.Close>
    </Toast.Root>
  ));
}
