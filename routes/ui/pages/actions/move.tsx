import type { TagChange } from "../../../../api/mod.ts";
import { isDigest, isTag, RegistryError } from "../../../../oci/mod.ts";
import type { Digest, RepositoryName, Tag } from "../../../../oci/mod.ts";
import type { Parameters } from "../../../http/mod.ts";
import type { Page } from "../../page.tsx";
import type { FormRequest, InRepository, PageRequest, ShowPage } from "../../page_route.ts";
import { Card, DigestText, Head, Note, Pairs } from "../components/mod.ts";
import { diffPath, historyPath, manifestPath, repositoryPath } from "../paths.ts";
import type { LoadChanges } from "./load_changes.ts";

/**
 * `GET /r/<name>/-/move?digest=&tag=`: the move of a tag, before it is made: a new tag or a rollback. Without a tag, it asks
 * for one.
 */
export function showMove(load: LoadChanges): ShowPage<InRepository<PageRequest>> {
  return async function showMove({ repository, parameters }, { caller }) {
    const digest = digestIn(parameters);
    if ((parameters.one("tag") ?? "") === "") return tagPage(repository, digest);
    const tag = tagIn(parameters);
    return movePage(await (await load()).moveTag(caller, repository, tag, digest, { dryRun: true }));
  };
}

/**
 * `POST /r/<name>/-/move`: moves a tag, if it still points to the digest that the page has shown. A move by another client
 * in the meantime is answered with 412.
 */
export function moveTag(load: LoadChanges): ShowPage<InRepository<FormRequest>> {
  return async function moveTag({ repository, form }, { caller }) {
    const tag = tagIn(form);
    const before = form.one("before") ?? "";
    if (before !== "" && !isDigest(before)) throw badField("The earlier digest is malformed");
    const condition = before === "" ? { ifNoneMatch: "*" as const } : { ifMatch: [before as Digest] };
    await (await load()).moveTag(caller, repository, tag, digestIn(form), { condition });
    return { location: manifestPath(repository, tag) };
  };
}

/** Tag of a query or a form. */
export function tagIn(given: Parameters): Tag {
  const tag = given.one("tag") ?? "";
  if (!isTag(tag)) {
    throw badField("The tag is malformed: letters, digits, and . _ - after the first, 128 at most");
  }
  return tag;
}

/** Digest of a query or a form. */
export function digestIn(given: Parameters): Digest {
  const digest = given.one("digest") ?? "";
  if (!isDigest(digest)) throw badField("The digest is malformed");
  return digest;
}

function badField(message: string): RegistryError {
  return new RegistryError("UNSUPPORTED", message, { status: 400 });
}

function tagPage(repository: RepositoryName, digest: Digest): Page {
  return {
    title: `Tag ${repository}`,
    body: (
      <>
        <Head
          title="Tag a manifest"
          crumbs={[
            { text: "Repositories", href: "/" },
            { text: repository, href: repositoryPath(repository) },
            { text: "Tag" },
          ]}
        />
        <Card>
          <p>
            Manifest <DigestText digest={digest} href={manifestPath(repository, digest)} />
          </p>
          <form class="stacked" action={`/r/${repository}/-/move`} method="get">
            <input type="hidden" name="digest" value={digest} />
            <label for="tag">Tag</label>
            <input id="tag" name="tag" required maxlength={128} autocomplete="off" spellcheck={false} />
            <button type="submit">Continue</button>
          </form>
        </Card>
      </>
    ),
  };
}

function movePage({ name, tag, before, after }: TagChange): Page {
  const isSame = before === after;
  return {
    title: `Move ${name}:${tag}`,
    body: (
      <>
        <Head
          title={before === undefined ? `Create the tag ${tag}` : `Move the tag ${tag}`}
          crumbs={[
            { text: "Repositories", href: "/" },
            { text: name, href: repositoryPath(name) },
            { text: before === undefined ? "Tag" : "Move" },
          ]}
        />
        <Card>
          <Pairs
            pairs={[
              ["Tag", <code>{tag}</code>],
              ["Now", before === undefined ? "does not exist" : <DigestText digest={before} />],
              ["Then", <DigestText digest={after} href={manifestPath(name, after)} />],
            ]}
          />
          {isSame
            ? (
              <Note>
                <p>The tag points there already.</p>
              </Note>
            )
            : (
              <>
                {before !== undefined && (
                  <Note>
                    <p>
                      Clients that pull the tag get the other manifest at once. The present one stays, and the
                      {" "}
                      <a href={historyPath(name, tag)}>history</a> moves the tag back.{" "}
                      <a href={diffPath(name, before, after)}>Compare the two</a>.
                    </p>
                  </Note>
                )}
                <form action={`/r/${name}/-/move`} method="post">
                  <input type="hidden" name="tag" value={tag} />
                  <input type="hidden" name="digest" value={after} />
                  <input type="hidden" name="before" value={before ?? ""} />
                  <button type="submit" class="main">
                    {before === undefined ? "Create the tag" : "Move the tag"}
                  </button>{" "}
                  <a href={manifestPath(name, before === undefined ? after : tag)}>Cancel</a>
                </form>
              </>
            )}
        </Card>
      </>
    ),
  };
}
