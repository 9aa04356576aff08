import type { RepositoryName } from "../oci/name.ts";
import { AGAIN, type Context, untilSettled, type Work } from "./context.ts";
import { REPOSITORIES, type RepositoryAttributes, repositoryKey, type Stored, stored } from "./items.ts";
import { pageOf, pageSize } from "./page.ts";
import type { Page, PageRequest } from "./registry.ts";

/**
 * Makes the repository known where it is not yet, or takes a collector's mark from it. `seen` is what was there a moment
 * ago.
 */
export function rememberRepository(
  work: Work,
  repository: RepositoryName,
  seen: Stored<RepositoryAttributes> | undefined,
): Promise<void> {
  let read = () => Promise.resolve(seen);
  return untilSettled(work, async () => {
    const current = await read();
    read = () => readRepository(work, repository);
    if (current !== undefined && current.attributes.condemnedAt === undefined) return;
    const attributes: RepositoryAttributes = { createdAt: current?.attributes.createdAt ?? work.now() };
    const condition = current === undefined ? { ifAbsent: true as const } : { ifVersion: current.version };
    const version = await work.table.put({ ...repositoryKey(repository), attributes }, condition);
    return version === undefined ? AGAIN : undefined;
  });
}

/** The repository's item, consistently. */
export async function readRepository(
  context: Context,
  repository: RepositoryName,
): Promise<Stored<RepositoryAttributes> | undefined> {
  return stored<RepositoryAttributes>(
    await context.table.get(repositoryKey(repository), { consistent: true }),
  );
}

/** `_catalog` of the Docker registry API. */
export async function listRepositories(context: Context, page: PageRequest): Promise<Page<RepositoryName>> {
  const limit = pageSize(page);
  const after = page.after === undefined ? {} : { after: page.after };
  const items = await context.table.query(REPOSITORIES, { ...after, limit: limit + 1, consistent: true });
  return pageOf(items.map((item) => item.sk as RepositoryName), limit);
}
