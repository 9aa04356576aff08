import { collects, deletes, deletesRepository, pushesImage, putsManifest, sweeps } from "../actors.ts";
import { EXPIRY_MS } from "../settings.ts";
import { ARTIFACT, FIRST, INDEX, SINGLE } from "../world.ts";
import { edit, type Mutation } from "./mutation.ts";
import { image, OLD_MS, ONE } from "./scenes.ts";

/** Mistakes in the deletion of a manifest. */
export const DELETE_MISTAKES: Mutation[] = [
  {
    name: "a delete does not announce the object of a large manifest",
    edits: [
      edit(
        "registry/manifests/manifest_store.ts",
        "export const MAX_INLINE_BYTES = 256 * 1024;",
        "export const MAX_INLINE_BYTES = 600;",
      ),
      edit(
        "registry/manifests/manifest_delete.ts",
        "      await announceManifestObject(work, repository, digest, prefixOf(object));\n",
        "",
      ),
    ],
    scenario: {
      given: [pushesImage(ARTIFACT, ONE)],
      later: EXPIRY_MS + OLD_MS,
      actors: [sweeps(), deletes(ARTIFACT, ONE), sweeps()],
    },
  },
  {
    name: "a delete does not look at the tags a second time",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        "  await deleteDangling(work, repository, digest, taken?.attributes.subject, changed);\n",
        "",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a delete does not wait for prompt pushes",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        "found.version === settled ? Promise.resolve() : afterPromptPushes(work, [found]);",
        "Promise.resolve();",
      ),
    ],
    interrupted: {
      given: [pushesImage(SINGLE, ONE)],
      later: 0,
      actors: [collects(), deletes(SINGLE, ONE), putsManifest(SINGLE, ONE, "b")],
    },
  },
  {
    name: "the delete of a repository does not wait for prompt pushes",
    edits: [
      edit(
        "registry/collection/repository_delete.ts",
        "      await afterPromptPushes(context, batch as Stored<ManifestAttributes>[]);\n",
        "",
      ),
    ],
    scenario: {
      given: [pushesImage(SINGLE, ONE)],
      later: 0,
      actors: [putsManifest(SINGLE, ONE, "b"), deletesRepository(ONE)],
    },
  },
  {
    name: "a delete takes tags the second time though the manifest is there again",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        "const isGone = async () => await readManifest(work, repository, digest, { consistent: true }) === undefined;",
        "const isGone = always;",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
    from: 3100,
  },
  {
    name: "a delete looks at the manifest before it reads the tag the second time",
    edits: [edit(
      "registry/manifests/manifest_delete.ts",
      "    const item = await work.table.get(key, { consistent: true });\n    if (item === undefined || !matches(item) || !await may()) return false;",
      "    const allowed = await may();\n    const item = await work.table.get(key, { consistent: true });\n    if (item === undefined || !matches(item) || !allowed) return false;",
    )],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
    from: 3100,
  },
  {
    name: "a delete takes a manifest that was pushed anew since it looked",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        "const deleted = await work.table.delete(manifestKey(repository, digest), { ifVersion: manifest.version });",
        "const latest = await readManifest(work, repository, digest, { consistent: true });\n    const deleted = latest === undefined || await work.table.delete(manifestKey(repository, digest), { ifVersion: latest.version });",
      ),
      edit(
        "registry/manifests/manifest_delete.ts",
        "  await deleteDangling(work, repository, digest, taken?.attributes.subject, changed);\n",
        "",
      ),
    ],
    scenario: { ...image, actors: [putsManifest(FIRST, ONE, "b"), deletes(FIRST, ONE)] },
  },
  {
    name: "a delete forgets its place among the referrers",
    edits: [
      edit(
        "registry/manifests/manifest_delete.ts",
        "    if (subject !== undefined) await deleteReferrer(work, repository, digest, subject);\n",
        "",
      ),
      edit(
        "registry/manifests/manifest_delete.ts",
        "  if (subject !== undefined) await deleteReferrer(work, repository, digest, subject, isGone);\n",
        "",
      ),
      edit(
        "registry/collection/collect_leftovers.ts",
        '    case "referrer":\n      return {',
        '    case "referrers":\n      return {',
      ),
    ],
  },
  {
    name: "a delete of a repository stops when another request has deleted an index",
    edits: [
      edit(
        "registry/collection/repository_delete.ts",
        "        gone++;\n        if (manifest",
        "        if (manifest",
      ),
      edit(
        "registry/collection/repository_delete.ts",
        "removed.manifests++;",
        "removed.manifests++;\n        gone++;",
      ),
    ],
    scenario: {
      given: [pushesImage(INDEX, ONE, { tags: ["a"] })],
      later: 0,
      actors: [deletesRepository(ONE), deletes(INDEX, ONE)],
    },
  },
];
