import type { RepositoryName } from "../../oci/mod.ts";
import { ifUnchanged, pagesOf } from "../../storage/ports.ts";
import type { Caller } from "../caller.ts";
import { openName, sealName } from "./catalog_cursor.ts";
import { type Context, RETRY, retryOnConflict, type Work } from "../protocol/mod.ts";
import { REPOSITORIES, type RepositoryAttributes, repositoryKey, type Stored, stored } from "../items/mod.ts";
import { pageOf, pageSize } from "./page.ts";
import type { Page, PageRequest } from "../registry.ts";

/**
 * Registers the repository if it is new, or revokes its condemnation by a collector. Called once the repository has a
 * manifest, so that a later collector sees that. `before` is its item as it was read earlier: one that was live may
 * have been condemned since, and is read again.
 */
export function keepRepository(
  work: Work,
  repository: RepositoryName,
  before: Stored<RepositoryAttributes> | undefined,
): Promise<void> {
  const isLive = (item: typeof before) => item !== undefined && item.attributes.condemnedAt === undefined;
  let known = isLive(before) ? undefined : { item: before };
  return retryOnConflict(work, async () => {
    const current = known === undefined ? await readRepository(work, repository) : known.item;
    known = undefined;
    if (isLive(current)) return;
    const attributes: RepositoryAttributes = { createdAt: current?.attributes.createdAt ?? work.now() };
    const version = await work.table.put({ ...repositoryKey(repository), attributes }, ifUnchanged(current));
    return version === undefined ? RETRY : undefined;
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

/** Names of one read, after the first names did not fill the page. */
const PAGE_NAMES = 1000;

/** Maximum names that are read for one page, for callers that may see few of them. */
const MAX_NAMES_READ = 20_000;

/**
 * `_catalog` of the Docker registry API: the repositories that the caller may pull from. Reads until the page is full,
 * but at most {@linkcode MAX_NAMES_READ} names: then the page is short, and the next page continues there.
 */
export async function listRepositories(
  context: Context,
  page: PageRequest,
  caller: Caller,
): Promise<Page<RepositoryName>> {
  const size = pageSize(page);
  const visible: RepositoryName[] = [];
  let after = page.after === undefined ? undefined : await openName(context, page.after);
  for (let [read, limit] = [0, size + 1]; read < MAX_NAMES_READ; limit = PAGE_NAMES) {
    const from = after === undefined ? {} : { after };
    const keys = await context.table.queryKeys(REPOSITORIES, { ...from, limit, consistent: true });
    const names = keys as RepositoryName[];
    visible.push(...names.filter((name) => caller.sees(name)));
    if (names.length < limit || visible.length > size || size === 0) return pageOf(visible, size);
    read += names.length;
    after = names.at(-1)!;
  }
  return { items: visible, next: await sealName(context, after!) };
}

/** Names of all repositories, in order, for background work. Pushes and deletes meanwhile may or may not show. */
export async function* allRepositories({ table }: Context): AsyncGenerator<RepositoryName> {
  const read = (from: { after?: string }) =>
    table.queryKeys(REPOSITORIES, { ...from, limit: PAGE_NAMES, consistent: true });
  for await (const names of pagesOf(read, (name) => name, PAGE_NAMES)) yield* names as RepositoryName[];
}
