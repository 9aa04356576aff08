import { type Algorithm, digestOf, type ManifestContent } from "./content.ts";
import { ABSENT, type Fact, PRESENT } from "./ledger.ts";
import { REPOSITORIES, type Scene, TAGS } from "./scene.ts";
import { type Answer, send } from "./wire.ts";

/** Requests at a time. */
const PARALLEL_REQUESTS = 8;

/**
 * Reads back unchanging facts, and everything that must agree with them: whole content byte for byte, lists, and the
 * absence of visible references to missing content.
 */
export class Verification {
  /** Problems. */
  readonly problems: string[] = [];
  /** Amount of content that was read back. */
  facts = 0;
  /** Tags and referrers of what is gone, such as {@linkcode Races.mayDangle} allows. */
  excused = 0;
  readonly #scene: Scene;
  readonly #url: string;

  /** Of what the registry at `url` says. */
  constructor(scene: Scene, url: string) {
    this.#scene = scene;
    this.#url = url;
  }

  /** Looks at these facts, at every tag and at every upload. */
  async run(facts: readonly Fact[]): Promise<void> {
    this.facts += facts.length;
    const inOrder = { blob: 0, manifest: 1, tag: 2, referrer: 3 };
    const sorted = facts.toSorted((a, b) => inOrder[a.kind] - inOrder[b.kind]);
    // Referrers come in lists, and need to know which manifests are there.
    await eachOf(sorted.filter(({ kind }) => kind !== "referrer"), (fact) => this.#checkFact(fact));
    await eachOf(referrerLists(facts), (list) => this.#checkReferrers(list));
    await eachOf(REPOSITORIES, (repository) => this.#checkTagList(repository));
    await eachOf([...this.#scene.uploads], async (upload) => {
      const problem = await upload.check(this.#url);
      if (problem !== undefined) this.problems.push(problem);
    });
  }

  async #checkFact(fact: Fact): Promise<void> {
    switch (fact.kind) {
      case "blob":
        return this.#observe(
          fact,
          await this.#readContent(`/v2/${fact.repository}/blobs/${fact.digest}`, fact.digest),
        );
      case "manifest":
        return this.#observe(fact, await this.#readManifest(fact.repository, fact.digest));
      case "tag":
        return await this.#checkTag(fact);
    }
  }

  #observe(fact: Fact, value: string): void {
    const problem = this.#scene.ledger.observe(fact, value);
    if (problem !== undefined) this.problems.push(problem);
  }

  /** GET and HEAD of content: it is there, as a whole and unharmed, or it is not. */
  async #readContent(path: string, digest: string): Promise<string> {
    const [get, head] = [await this.#read("GET", path), await this.#read("HEAD", path)];
    if (get.status === 404 && head.status === 404) return ABSENT;
    const lengths = [get, head].map(({ headers }) => Number(headers.get("Content-Length")));
    if (get.status !== 200 || head.status !== 200) {
      this.problems.push(`Got ${get.status} for GET and ${head.status} for HEAD of ${path}`);
    } else if (digestOf(get.body, algorithmOf(digest)) !== digest) {
      this.problems.push(`Got ${get.body.length} bytes of something else for ${path}`);
    } else if (lengths.some((length) => length !== get.body.length)) {
      this.problems.push(`Got lengths ${lengths} for ${path}, which has ${get.body.length} bytes`);
    }
    return PRESENT;
  }

  async #readManifest(repository: string, digest: string): Promise<string> {
    const value = await this.#readContent(`/v2/${repository}/manifests/${digest}`, digest);
    const manifest = this.#scene.stock(repository).manifests.get(digest);
    // Blobs that a manifest references are never deleted, so each must exist.
    if (value === PRESENT) {
      await eachOf(manifest?.blobs ?? [], (blob) => this.#checkReference(repository, digest, blob));
    }
    return value;
  }

  async #checkReference(repository: string, manifest: string, blob: string): Promise<void> {
    const { status } = await this.#read("HEAD", `/v2/${repository}/blobs/${blob}`);
    if (status !== 200) {
      this.problems.push(`Got ${status} for blob ${blob} of manifest ${manifest} in ${repository}`);
    }
  }

  async #checkTag(fact: Fact & { kind: "tag" }): Promise<void> {
    const { repository, tag } = fact;
    const { status, headers, body } = await this.#read("GET", `/v2/${repository}/manifests/${tag}`);
    if (status === 404) return this.#observe(fact, ABSENT);
    const digest = headers.get("Docker-Content-Digest") ?? "";
    this.#observe(fact, digest);
    if (status !== 200 || digestOf(body, algorithmOf(digest)) !== digest) {
      this.problems.push(`Got ${status} and something else than ${digest} for ${tag} of ${repository}`);
    }
    if (await this.#readManifest(repository, digest) === ABSENT) {
      this.problems.push(`Found tag ${tag} of ${repository}, but not ${digest}, which it points at`);
    }
  }

  /** Exactly the tags that can be pulled are listed. */
  async #checkTagList(repository: string): Promise<void> {
    const { tags: listed = [] } = await this.#readJson<{ tags?: string[] }>(`/v2/${repository}/tags/list`);
    await eachOf(TAGS, async (tag) => {
      const { status } = await this.#read("HEAD", `/v2/${repository}/manifests/${tag}`);
      if (listed.includes(tag) === (status === 200) || await this.#removeDangling(repository, tag)) return;
      this.problems.push(`Got ${status} for ${tag} of ${repository}, whose tags are ${listed}`);
    });
  }

  /** Deletes a tag that may be there without its manifest, and answers whether it may. */
  async #removeDangling(repository: string, tag: string): Promise<boolean> {
    const history = `/v2/${repository}/_skerry/tags/history?tag=${tag}`;
    const { moves: [last] = [] } = await this.#readJson<{ moves?: { digest: string }[] }>(history);
    if (last === undefined || !this.#scene.races.mayDangle(repository, last.digest)) return false;
    // Or it would come back with the manifest.
    await send(this.#url, "DELETE", `/v2/${repository}/manifests/${tag}`);
    this.excused++;
    return true;
  }

  /** Exactly the referrers that should be are listed, and each can be pulled. */
  async #checkReferrers({ repository, subject, facts }: ReferrerList): Promise<void> {
    const path = `/v2/${repository}/referrers/${subject}`;
    const { manifests } = await this.#readJson<{ manifests: ManifestContent[] }>(path);
    const listed = new Map(manifests.map((descriptor) => [descriptor.digest, descriptor]));
    for (const fact of facts) this.#observe(fact, listed.has(fact.digest) ? PRESENT : ABSENT);
    await eachOf([...listed.values()], async ({ digest, size }) => {
      const known = this.#scene.stock(repository).manifests.get(digest);
      if (size !== known?.size) this.problems.push(`Got size ${size} of ${digest}, a referrer of ${subject}`);
      const { status } = await this.#read("HEAD", `/v2/${repository}/manifests/${digest}`);
      if (status === 200) return;
      if (this.#scene.races.mayDangle(repository, digest)) this.excused++;
      else {
        this.problems.push(`Got ${status} for ${digest}, a referrer of ${subject} in ${repository}`);
      }
    });
  }

  async #readJson<T>(path: string): Promise<T> {
    return JSON.parse(new TextDecoder().decode((await this.#read("GET", path)).body));
  }

  async #read(method: string, path: string): Promise<Answer> {
    const answer = await send(this.#url, method, path);
    if (answer.status >= 500) this.problems.push(`Got ${answer.status} for ${method} ${path}`);
    return answer;
  }
}

type ReferrerFact = Fact & { kind: "referrer" };

/** The facts that one list of referrers tells of. */
interface ReferrerList {
  repository: string;
  subject: string;
  facts: ReferrerFact[];
}

function referrerLists(facts: readonly Fact[]): ReferrerList[] {
  const lists = new Map<string, ReferrerList>();
  for (const fact of facts) {
    if (fact.kind !== "referrer") continue;
    const { repository, subject } = fact;
    const key = `${repository} ${subject}`;
    const list = lists.get(key) ?? { repository, subject, facts: [] };
    list.facts.push(fact);
    lists.set(key, list);
  }
  return [...lists.values()];
}

function algorithmOf(digest: string): Algorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

async function eachOf<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, async () => {
    for (const item of queue) await check(item);
  }));
}
