import type { Child } from "hono/jsx";
import { Head, Pager, Tabs } from "../components/mod.ts";
import { query } from "../paths.ts";

/** Pages for administrators, and their names. */
const ADMIN_PAGES: [path: string, name: string][] = [
  ["/admin", "Status"],
  ["/admin/storage", "Storage"],
  ["/admin/quotas", "Quotas"],
  ["/admin/uploads", "Uploads"],
  ["/admin/collection", "Garbage collection"],
  ["/admin/retention", "Retention"],
  ["/admin/policy", "Policies"],
  ["/admin/webhooks", "Webhooks"],
];

/** Heading and links of a page for administrators; `path` is that of the page. */
export function Frame({ path, children }: { path: string; children?: Child }) {
  return (
    <>
      <Head title="Administration" />
      <Tabs label="Administration" current={path} tabs={ADMIN_PAGES} />
      {children}
    </>
  );
}

/** Links between the steps of a list. */
export function Steps(
  { path, last, next }: { path: string; last: string | undefined; next: string | undefined },
) {
  return (
    <Pager
      first={last === undefined ? undefined : path}
      next={next === undefined ? undefined : `${path}${query({ last: next })}`}
    />
  );
}
