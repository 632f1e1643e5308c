import { AlertDialog } from "@base-ui/react/alert-dialog";
import { type FormEvent, useState } from "react";
import { useTexts } from "../i18n/language";
import { Facts } from "../parts/Facts";
import type { Answer, Question } from "./ask";

/** Says what is about to happen, to how many and which, before it does. */
export function Ask({ question, answer }: { question: Question; answer: (answer: Answer | null) => void }) {
  const { ask, common } = useTexts();
  const [values, setValues] = useState<Answer>(() => Object.fromEntries((question.fields ?? []).map((field) => [field.name, field.initial ?? (field.kind === "check" ? false : "")])));
  const isComplete = (question.fields ?? []).every((field) => !field.isRequired || String(values[field.name]).trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isComplete) answer(values);
  };
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && answer(null)}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="veil" />
        <AlertDialog.Popup className="dialog">
          <form onSubmit={submit}>
            <AlertDialog.Title className="dialog-title">{question.title}</AlertDialog.Title>
            <AlertDialog.Description className="dialog-text">{question.text}</AlertDialog.Description>
            {question.facts && <Facts facts={question.facts} />}
            {question.fields?.map((field) => (
              <label key={field.name} className={field.kind === "check" ? "field check" : "field"}>
                {field.kind === "check" && <input type="checkbox" checked={values[field.name] === true} onChange={(event) => setValues({ ...values, [field.name]: event.target.checked })} />}
                <span>{field.label}{field.hint && <span className="faint"> · {field.hint}</span>}</span>
                {field.kind !== "check" && (
                  <input
                    type={field.kind} required={field.isRequired} min={field.least} max={field.most} maxLength={500} placeholder={field.placeholder}
                    value={String(values[field.name])} onChange={(event) => setValues({ ...values, [field.name]: event.target.value })}
                  />
                )}
              </label>
            ))}
            <div className="dialog-buttons">
              <AlertDialog.Close className="button">{question.isDangerous ? ask.keep : common.cancel}</AlertDialog.Close>
              <button type="submit" className={question.isDangerous ? "button danger" : "button primary"} disabled={!isComplete}>{question.confirm}</button>
            </div>
          </form>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
