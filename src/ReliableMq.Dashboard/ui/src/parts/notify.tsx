import { Toast } from "@base-ui/react/toast";
import { useTexts } from "../i18n/language";
import { Icon } from "./Icon";
import { Mark, type Tone } from "./Mark";
import { Go } from "./address";

interface Notice { tone: Tone; link?: { to: string; query?: Record<string, string>; name: string } }

const manager = Toast.createToastManager<Notice>();

/** Says how an action ended; what failed stays until it is closed. */
export const notify = (tone: Tone, title: string, description?: string, link?: Notice["link"]) =>
  manager.add({ title, ...(description ? { description } : {}), timeout: tone === "good" ? 8_000 : 0, priority: tone === "bad" ? "high" : "low", data: { tone, ...(link ? { link } : {}) } });

export function Notices() {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="notices"><List /></Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { common } = useTexts();
  const { toasts } = Toast.useToastManager<Notice>();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="notice" swipeDirection={[]}>
      <Mark tone={toast.data?.tone ?? "good"} />
      <div>
        <Toast.Title className="notice-title" />
        <Toast.Description className="notice-text" />
        {toast.data?.link && <Go to={toast.data.link.to} {...(toast.data.link.query ? { query: toast.data.link.query } : {})} onClick={() => manager.close(toast.id)}>{toast.data.link.name}</Go>}
      </div>
      <Toast.Close className="icon-button" aria-label={common.close}><Icon name="close" /></Toast.Close>
    </Toast.Root>
  ));
}
