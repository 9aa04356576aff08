import type { RepositoryName } from "../oci/name.ts";
import type { Context, Work } from "./context.ts";
import { REPOSITORIES, repositoryKey } from "./items.ts";
import { pageOf, pageSize } from "./page.ts";
import type { Page, PageRequest } from "./registry.ts";

/** Makes the repository known, if it is not yet. */
export async function rememberRepository(work: Work, repository: RepositoryName): Promise<void> {
  const item = { ...repositoryKey(repository), attributes: { createdAt: work.now() } };
  await work.table.put(item, { ifAbsent: true });
}

/** `_catalog` of the Docker registry API. */
export async function listRepositories(context: Context, page: PageRequest): Promise<Page<RepositoryName>> {
  const limit = pageSize(page);
  const after = page.after === undefined ? {} : { after: page.after };
  const items = await context.table.query(REPOSITORIES, { ...after, limit: limit + 1, consistent: true });
  return pageOf(items.map((item) => item.sk as RepositoryName), limit);
}
