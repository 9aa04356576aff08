import type { RepositoryName } from "../../oci/mod.ts";
import { ifUnchanged, pagesOf } from "../../storage/ports.ts";
import type { Caller } from "../caller.ts";
import { openName, sealName } from "./catalog_cursor.ts";
import {
  type Context,
  type Intent,
  leaveIntents,
  noteMade,
  type RepositoryIntents,
  RETRY,
  retryOnConflict,
  type Work,
} from "../protocol/mod.ts";
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
  { run, birth, intents }: RepositoryBirth,
): Promise<void> {
  const isLive = (item: typeof before) => item !== undefined && item.attributes.condemnedAt === undefined;
  let known = isLive(before) ? undefined : { item: before };
  return retryOnConflict(work, async () => {
    const current = known === undefined ? await readRepository(work, repository) : known.item;
    known = undefined;
    if (isLive(current)) return;
    const { condemnedAt: _, ...kept } = current?.attributes ?? newborn(work, run, intents);
    let intent: Intent | undefined;
    if (current === undefined) {
      intent = birth ?? intents?.repositoryCreate(run);
      // The caller has put the first one. Garbage collection has removed the repository since it was read.
      if (birth === undefined) await leaveIntents(work, intent);
    }
    const item = { ...repositoryKey(repository), attributes: kept };
    const version = await work.table.put(item, ifUnchanged(current));
    if (version === undefined) return RETRY;
    noteMade(intent);
  });
}

/** Push that may create the repository. */
export interface RepositoryBirth {
  /** Its id. */
  run: string;
  /** Intent of the creation, which the caller has put; absent if the repository existed, or for lack of receivers. */
  birth: Intent | undefined;
  /** Makes the intent otherwise. */
  intents: RepositoryIntents | undefined;
}

function newborn(
  work: Work,
  run: string,
  intents: RepositoryIntents | undefined,
): RepositoryAttributes {
  return { createdAt: work.now(), ...(intents !== undefined && { push: run }) };
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
