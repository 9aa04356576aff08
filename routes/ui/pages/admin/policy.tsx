import type { Explanation } from "../../../../api/mod.ts";
import { Card, Note, Plain } from "../components/mod.ts";
import { Frame } from "./frame.tsx";

/** Actions of policies. */
export const ACTIONS = ["pull", "push", "overwrite", "delete", "administer"] as const;

/** True if `text` is an action of policies. */
export function isPolicyAction(text: string): text is (typeof ACTIONS)[number] {
  return ACTIONS.some((action) => action === text);
}

/** Most reasons that the page shows. */
const MAX_REASONS = 100;

/** Question as the form has it. */
export interface PolicyForm {
  /** Account, such as `user:alice`. */
  who: string;
  /** Action. */
  action: string;
  /** Repository. */
  repository: string;
}

/** `/admin/policy`: a decision of the policies with its reasons. */
export function PolicyPage(
  { form, explanation }: { form: PolicyForm; explanation?: Explanation | undefined },
) {
  return (
    <Frame path="/admin/policy">
      <Card title="Why may this account do that?">
        <form class="line" action="/admin/policy" method="get">
          <label>
            <span>Account</span>
            <input
              name="who"
              value={form.who}
              placeholder="user:alice"
              required
              maxlength={256}
              autocapitalize="none"
            />
          </label>
          <label>
            <span>Action</span>
            <select name="action">
              {ACTIONS.map((action) => <option selected={action === form.action}>{action}</option>)}
            </select>
          </label>
          <label>
            <span>Repository</span>
            <input name="repository" value={form.repository} required maxlength={255} autocapitalize="none" />
          </label>
          <button type="submit" class="main">Explain</button>
        </form>
      </Card>
      {explanation && (
        <Note tone={explanation.allowed ? "good" : "bad"}>
          <p>
            <b>
              <Plain text={explanation.who} max={120} />
            </b>{" "}
            {explanation.allowed ? "may" : "may not"} {explanation.action} in <b>{explanation.repository}</b>
          </p>
          <ul>
            {explanation.because.slice(0, MAX_REASONS).map((reason) => (
              <li>
                <Plain text={reason} max={300} />
              </li>
            ))}
          </ul>
        </Note>
      )}
    </Frame>
  );
}
