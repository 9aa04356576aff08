import type { Child } from "hono/jsx";
import type { Changes, ManifestDeletion, RepositoryDeletion, TagDeletion } from "../../../../api/mod.ts";
import { RegistryError } from "../../../../oci/mod.ts";
import type { RepositoryName } from "../../../../oci/mod.ts";
import type { Parameters } from "../../../http/mod.ts";
import type { Page } from "../../page.tsx";
import {
  type FormRequest,
  type InRepository,
  noSuchPage,
  type PageRequest,
  type ShowPage,
} from "../../page_route.ts";
import type { Viewer } from "../../viewer.ts";
import { Card, DigestText, formatBytes, Head, plural } from "../components/mod.ts";
import { historyPath, manifestPath, repositoryPath } from "../paths.ts";
import type { LoadChanges } from "./load_changes.ts";
import { digestIn, tagIn } from "./move.tsx";

/** Content to delete: the value of `kind` in the form. */
type Kind = "tag" | "manifest" | "repository";

/**
 * `GET /r/<name>/-/delete?tag=`, `?digest=`, or without both for the whole repository: tells what would be deleted, and
 * what stays.
 */
export function showDelete(load: LoadChanges): ShowPage<InRepository<PageRequest>> {
  return async function showDelete({ repository, parameters }, { caller }) {
    const changes = await load();
    switch (kindOf(parameters)) {
      case "tag":
        return tagPage(await changes.deleteTag(caller, repository, tagIn(parameters), { dryRun: true }));
      case "manifest":
        return manifestPage(
          await changes.deleteManifest(caller, repository, digestIn(parameters), { dryRun: true }),
        );
      case "repository":
        return repositoryPage(await changes.deleteRepository(caller, repository, { dryRun: true }));
    }
  };
}

/** `POST /r/<name>/-/delete`: deletes the tag, the manifest or the repository of the form. */
export function deleteContent(load: LoadChanges): ShowPage<InRepository<FormRequest>> {
  return async function deleteContent({ repository, form }, { caller }) {
    const changes = await load();
    switch (form.one("kind")) {
      case "tag":
        return await deleteTag(changes, caller, repository, form);
      case "manifest":
        await changes.deleteManifest(caller, repository, digestIn(form));
        return { location: repositoryPath(repository) };
      case "repository":
        requireName(repository, form);
        await changes.deleteRepository(caller, repository);
        return { location: "/" };
    }
    throw noSuchPage();
  };
}

/** Deletes a tag if it still points to the digest that the page has shown. */
async function deleteTag(
  changes: Changes,
  caller: Viewer["caller"],
  repository: RepositoryName,
  form: Parameters,
): Promise<{ location: string }> {
  const tag = tagIn(form);
  const { digest } = await changes.deleteTag(caller, repository, tag, { dryRun: true });
  if (digest !== form.one("digest")) {
    throw new RegistryError("DENIED", "The tag was moved in the meantime: look at it again", { status: 409 });
  }
  await changes.deleteTag(caller, repository, tag);
  return { location: repositoryPath(repository) };
}

function kindOf(parameters: Parameters): Kind {
  if (parameters.one("tag") !== undefined) return "tag";
  return parameters.one("digest") === undefined ? "repository" : "manifest";
}

/** The name that the person has typed protects from a click too many: this delete cannot be undone. */
function requireName(repository: RepositoryName, form: Parameters): void {
  if (form.one("confirm")?.trim() === repository) return;
  throw new RegistryError("UNSUPPORTED", "Type the name of the repository to delete it", { status: 400 });
}

function tagPage({ name, tag, digest, otherTags, inIndexes, untagged }: TagDeletion): Page {
  return confirmation(name, `Delete the tag ${tag}`, {
    goes: [
      <>
        the tag <code>{tag}</code>
      </>,
    ],
    stays: [
      <>
        the manifest <DigestText digest={digest} href={manifestPath(name, digest)} />
      </>,
      otherTags.items.length > 0 && <>its other tags: {listed(otherTags)}</>,
      inIndexes.count > 0 && `${count(inIndexes, "index", "indexes")} with it`,
    ],
    notes: [
      untagged && "No tag and no index has the manifest then, so retention rules may remove it.",
      <>
        The <a href={historyPath(name, tag)}>history</a>{" "}
        of the tag stays, and can move it back to the manifest.
      </>,
    ],
    fields: { kind: "tag", tag, digest },
    button: "Delete the tag",
    back: manifestPath(name, tag),
  });
}

function manifestPage(
  { name, digest, tags, inIndexes, referrers, children, blobs }: ManifestDeletion,
): Page {
  return confirmation(name, "Delete a manifest", {
    goes: [
      <>
        the manifest <DigestText digest={digest} href={manifestPath(name, digest)} />
      </>,
      tags.items.length > 0 && <>its tags: {listed(tags)}</>,
      blobs.count > 0 &&
      `${plural(blobs.count, "blob")} that no other manifest here has, ${formatBytes(blobs.bytes)}${
        blobs.complete ? "" : " at least"
      }; garbage collection removes them after the grace period`,
    ],
    stays: [
      blobs.kept > 0 && `${plural(blobs.kept, "blob")} that other manifests have too`,
      children > 0 && `${plural(children, "child", "children")} of the index, untagged`,
      referrers.count > 0 && `${count(referrers, "referrer", "referrers")}: signatures, SBOMs and the like`,
      inIndexes.items.length > 0 && (
        <>
          {plural(inIndexes.items.length, "index", "indexes")} with it, in which this platform is missing then
        </>
      ),
    ],
    notes: [],
    fields: { kind: "manifest", digest },
    button: "Delete the manifest",
    back: manifestPath(name, digest),
  });
}

function repositoryPage({ name, tags, manifests, blobs, kept }: RepositoryDeletion): Page {
  return confirmation(name, "Delete the repository", {
    goes: [plural(tags, "tag"), plural(manifests, "manifest"), plural(blobs, "blob")],
    stays: [kept > 0 && `${plural(kept, "blob")} for a while, because a push may need them`],
    notes: ["This cannot be undone. Immutable tags are deleted too."],
    fields: { kind: "repository" },
    button: "Delete the repository",
    back: repositoryPath(name),
    ask: (
      <>
        <label for="confirm">
          Type <code>{name}</code> to confirm
        </label>
        <input id="confirm" name="confirm" required autocomplete="off" spellcheck={false} />
      </>
    ),
  });
}

/** Parts of the page that confirms a delete. `false` and `undefined` entries of a list are left out. */
interface Confirmation {
  goes: Child[];
  stays: Child[];
  notes: Child[];
  /** Hidden fields of the form. */
  fields: Record<string, string>;
  button: string;
  /** Path of the page that `Cancel` leads to. */
  back: string;
  /** Further fields of the form. */
  ask?: Child;
}

function confirmation(name: string, title: string, parts: Confirmation): Page {
  const { goes, stays, notes, fields, button, back, ask } = parts;
  return {
    title: `${title}: ${name}`,
    body: (
      <>
        <Head
          title={title}
          crumbs={[
            { text: "Repositories", href: "/" },
            { text: name, href: repositoryPath(name) },
            { text: "Delete" },
          ]}
        />
        <Card title="Goes">
          <List items={goes} />
        </Card>
        <Card title="Stays">
          <List items={stays} />
        </Card>
        {notes.filter(Boolean).map((note) => <p>{note}</p>)}
        <form class="stacked" action={`/r/${name}/-/delete`} method="post">
          {Object.entries(fields).map(([field, value]) => <input type="hidden" name={field} value={value} />)}
          {ask}
          <p>
            <button type="submit" class="danger">{button}</button> <a href={back}>Cancel</a>
          </p>
        </form>
      </>
    ),
  };
}

function List({ items }: { items: Child[] }) {
  const shown = items.filter(Boolean);
  return shown.length === 0 ? <p>Nothing.</p> : <ul>{shown.map((item) => <li>{item}</li>)}</ul>;
}

function listed({ items, more }: { items: string[]; more: boolean }): string {
  return items.join(", ") + (more ? " and more" : "");
}

function count({ count, more }: { count: number; more: boolean }, one: string, many: string): string {
  return more ? `more than ${count} ${many}` : plural(count, one, many);
}
