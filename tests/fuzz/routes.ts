import type { Dice } from "./dice.ts";
import { badDigest, invalidDocument, oddDocument } from "./documents.ts";
import type { Field, FuzzRequest } from "./fuzz_request.ts";
import { pageRequest } from "./page_routes.ts";
import { conditionFields, rangeField, VALUE_TOKENS } from "./tokens.ts";
import { digestOf, type Repository, type StoredManifest, UPLOADED_BYTES, type World } from "./world.ts";

/** Makes a request of one kind, which may still be changed. */
export type RouteMaker = (dice: Dice, world: World) => FuzzRequest;

/** Requests of every endpoint, well formed or not, as often as the numbers say. */
export const ROUTES: readonly (readonly [RouteMaker, weight: number])[] = [
  [plain, 3],
  [readManifest, 14],
  [readBlob, 14],
  [readList, 14],
  [readUpload, 4],
  [pageRequest, 6],
  [refusedManifest, 16],
  [refusedWrite, 8],
  [writeManifest, 8],
  [writeBlob, 4],
  [writeUpload, 8],
  [remove, 4],
];

function plain(dice: Dice): FuzzRequest {
  const paths = [
    "/",
    "/livez",
    "/readyz",
    "/startupz",
    "/v2",
    "/v2/",
    "/v1/",
    "*",
    "/favicon.ico",
    "/.git/config",
    "",
  ];
  return request(dice.pick(["GET", "HEAD", "OPTIONS"]), dice.pick(paths));
}

function readManifest(dice: Dice, { kept }: World): FuzzRequest {
  const { name, tags, manifests, blobs, large } = dice.pick(kept);
  const digests = (dice.chance(5) ? [large] : manifests).map(({ digest }) => digest);
  const reference = dice.pick([
    dice.pick(tags),
    dice.pick(digests),
    blobs[1]!.digest,
    badDigest(dice),
    unknownDigest(dice),
  ]);
  const fields = dice.chance(30) ? [conditionFields(dice, digests)] : [];
  return request(dice.pick(READS), `/v2/${name}/manifests/${reference}`, { fields });
}

function readBlob(dice: Dice, { kept }: World): FuzzRequest {
  const { name, blobs } = dice.pick(kept);
  const { digest, size } = dice.pick(blobs);
  const reference = dice.chance(90) ? digest : dice.pick([badDigest(dice), unknownDigest(dice)]);
  const fields: Field[] = dice.chance(80) ? [rangeField(dice, size)] : [];
  if (dice.chance(20)) fields.push(conditionFields(dice, [digest]));
  return request(dice.pick(READS), `/v2/${name}/blobs/${reference}`, { fields });
}

/** Lists, with parameters that they take and others. */
function readList(dice: Dice, { kept }: World): FuzzRequest {
  const { name, manifests, tags } = dice.pick(kept);
  const path = dice.pick([
    `/v2/${name}/tags/list`,
    "/v2/_catalog",
    `/v2/${name}/referrers/${manifests[0]!.digest}`,
    `/v2/${name}/referrers/${dice.pick([badDigest(dice), unknownDigest(dice), `x+y:${"z".repeat(80)}`])}`,
    `/v2/${name}/_skerry/tags/history`,
    `/v2/${name}/_oci/ext/discover`,
    "/v2/_oci/ext/discover",
  ]);
  const value = () =>
    dice.pick([
      () => dice.pick(VALUE_TOKENS),
      () => `${dice.below(20)}`,
      () => dice.pick(tags),
      () => name,
    ])();
  const names = ["n", "last", "artifactType", "tag", "ns", "n", "last", "N", "n[]", "__proto__", ""];
  const query = Array.from({ length: dice.below(5) }, (): Field => [dice.pick(names), value()]);
  return request(dice.pick(READS), path, { query });
}

/** The status of an upload: the right one, one of another repository, or none that there is. */
function readUpload(dice: Dice, { kept }: World): FuzzRequest {
  return request(dice.pick(READS), dice.chance(50) ? dice.pick(kept).upload : strangeUpload(dice, kept));
}

/** A manifest that must be refused, to a place where nothing may change. */
function refusedManifest(dice: Dice, { kept }: World): FuzzRequest {
  const { name, tags } = dice.pick(kept);
  const { bytes, contentType } = invalidDocument(dice, aManifest(dice, kept));
  const reference = dice.pick([dice.pick(tags), "new", digestOf(bytes), digestOf(bytes, "sha512")]);
  const query: Field[] = reference.includes(":") && dice.chance(30) ? [["tag", dice.pick(tags)]] : [];
  const fields: Field[] = contentType === undefined ? [] : [["Content-Type", contentType]];
  return request("PUT", `/v2/${name}/manifests/${reference}`, { query, fields, body: bytes, refused: true });
}

/** Other writes that must be refused, where nothing may change. */
function refusedWrite(dice: Dice, { kept }: World): FuzzRequest {
  const repository = dice.pick(kept);
  const { name, manifests, tags, blobs, upload } = repository;
  const { document, mediaType, digest } = dice.pick(manifests);
  const body = new TextEncoder().encode(JSON.stringify(document));
  const type: Field = ["Content-Type", mediaType];
  const uploads = `/v2/${name}/blobs/uploads/`;
  const bytes = new Uint8Array(100);
  return {
    ...dice.pick([
      () => request("PUT", `/v2/${name}/manifests/${unknownDigest(dice)}`, { body, fields: [type] }),
      () =>
        request("PUT", `/v2/${name}/manifests/${dice.pick(tags)}`, {
          body,
          fields: [type, ["If-None-Match", "*"]],
        }),
      () => request("PUT", `/v2/${name}/manifests/none`, { body, fields: [type, ["If-Match", "*"]] }),
      () =>
        request("PUT", `/v2/${name}/manifests/${digest}`, {
          body,
          fields: [type],
          query: [["tag", dice.pick(BAD_TAGS)]],
        }),
      () => request("PUT", `/v2/${name}/manifests/${dice.pick(BAD_TAGS)}`, { body, fields: [type] }),
      () =>
        request(
          "DELETE",
          `/v2/${name}/manifests/${dice.pick([unknownDigest(dice), "none", blobs[1]!.digest])}`,
        ),
      () =>
        request("DELETE", `/v2/${name}/blobs/${dice.pick([unknownDigest(dice), digest, badDigest(dice)])}`),
      () => request("DELETE", strangeUpload(dice, kept)),
      () => request("PATCH", strangeUpload(dice, kept), { body: bytes }),
      () => request("PUT", strangeUpload(dice, kept), { body: bytes, query: [["digest", digestOf(bytes)]] }),
      () =>
        request("PATCH", upload, {
          body: bytes,
          fields: [["Content-Range", badContentRange(dice, bytes.length)]],
        }),
      () => request("PUT", upload, { body: bytes, query: [["digest", badDigestInQuery(dice)]] }),
      () =>
        request("PUT", upload, {
          body: bytes,
          query: [["digest", digestOf(bytes)], ["digest", digestOf(bytes)]],
        }),
      () => request("PUT", upload, { body: bytes, query: [["Digest", digestOf(bytes)]] }),
      () => request("POST", uploads, { query: [["digest", badDigestInQuery(dice)]], body: bytes }),
      () =>
        request("POST", uploads, {
          query: [["mount", badDigestInQuery(dice)], ["from", dice.pick(kept).name]],
        }),
      () => request("POST", uploads, { query: [["mount", digest], ["mount", digest]] }),
      () =>
        request("POST", uploads, {
          query: [["digest-algorithm", dice.pick(["md5", "", "SHA256", "sha256,sha512", "__proto__"])]],
        }),
    ])(),
    refused: true,
  };
}

/** Manifests that may well be valid. */
function writeManifest(dice: Dice, { scratch }: World): FuzzRequest {
  const { name, manifests, tags } = dice.pick(scratch);
  const valid = aManifest(dice, scratch);
  const { bytes, contentType } = dice.chance(30)
    ? { bytes: new TextEncoder().encode(JSON.stringify(valid.document)), contentType: valid.mediaType }
    : oddDocument(dice, valid);
  const reference = dice.pick([
    dice.pick(tags),
    `t${dice.below(50)}`,
    digestOf(bytes),
    digestOf(bytes, "sha512"),
  ]);
  const query = Array.from(
    { length: dice.chance(80) ? 0 : dice.below(120) },
    (_, tag): Field => ["tag", `q${tag}`],
  );
  const fields: Field[] = contentType === undefined ? [] : [["Content-Type", contentType]];
  if (dice.chance(20)) fields.push(conditionFields(dice, manifests.map(({ digest }) => digest)));
  return request("PUT", `/v2/${name}/manifests/${reference}`, { query, fields, body: bytes });
}

/** Blobs and mounts that may well be valid. */
function writeBlob(dice: Dice, { scratch, kept }: World): FuzzRequest {
  const { name } = dice.pick(scratch);
  const body = new TextEncoder().encode(dice.text("abc", dice.length()));
  const query = dice.pick<() => Field[]>([
    () => [["digest", dice.pick([digestOf(body), digestOf(body, "sha512"), unknownDigest(dice)])]],
    () => [["mount", dice.pick(dice.pick(kept).blobs).digest], [
      "from",
      dice.pick([dice.pick(kept).name, "none", "../..", "A", ""]),
    ]],
    () => [["mount", dice.pick(dice.pick(kept).blobs).digest]],
    () => [["digest-algorithm", dice.pick(["sha256", "sha512"])]],
    () => [],
  ])();
  return request("POST", `/v2/${name}/blobs/uploads/`, { query, body });
}

/** Chunks and ends of uploads that are there. */
function writeUpload(dice: Dice, { scratchUploads }: World): FuzzRequest {
  const path = dice.pick(scratchUploads.slice(-20));
  const body = new TextEncoder().encode(dice.text("abc", dice.length()));
  const last = body.length - 1;
  const ranges = [
    `0-${last}`,
    `${UPLOADED_BYTES}-${UPLOADED_BYTES + last}`,
    badContentRange(dice, body.length),
  ];
  const fields: Field[] = dice.chance(50) ? [["Content-Range", dice.pick(ranges)]] : [];
  if (dice.chance(20)) return request(dice.pick(["DELETE", "GET", "HEAD"]), path);
  const method = dice.pick(["PATCH", "PATCH", "PUT"]);
  const digest = dice.pick([digestOf(body), unknownDigest(dice), badDigest(dice)]);
  return request(method, path, { fields, body, query: method === "PUT" ? [["digest", digest]] : [] });
}

/** Deletes of what is there, or was. */
function remove(dice: Dice, { scratch }: World): FuzzRequest {
  const { name, tags, blobs, manifests } = dice.pick(scratch);
  const reference = dice.pick([dice.pick(tags), `t${dice.below(50)}`, dice.pick(manifests).digest]);
  const path = dice.chance(70) ? `manifests/${reference}` : `blobs/${dice.pick(blobs).digest}`;
  return request("DELETE", `/v2/${name}/${path}`);
}

/** Mostly a small one. */
function aManifest(dice: Dice, repositories: readonly Repository[]): StoredManifest {
  const { manifests, large } = dice.pick(repositories);
  return dice.chance(4) ? large : dice.pick(manifests);
}

const READS = ["GET", "GET", "HEAD"];

const BAD_TAGS = [
  ".x",
  "-x",
  "x!",
  "a b",
  "é",
  "a/b",
  "x".repeat(129),
  "%2e",
  "%00",
  "",
  "..",
  "a,b",
  "%0d%0aX-Injected:1",
];

function request(method: string, path: string, more: Partial<FuzzRequest> = {}): FuzzRequest {
  return { method, path, query: [], fields: [], framing: "length", ...more };
}

/** A digest of nothing that there is. */
function unknownDigest(dice: Dice): string {
  return `sha256:${dice.text("0123456789abcdef", 64)}`;
}

/** In a query, what is encoded means what it stands for. */
function badDigestInQuery(dice: Dice): string {
  for (;;) {
    const digest = badDigest(dice);
    if (!digest.includes("%")) return digest;
  }
}

/** The path of an upload that there is not, or not in this repository. */
function strangeUpload(dice: Dice, kept: readonly Repository[]): string {
  const { name, upload } = dice.pick(kept);
  const other = dice.pick(kept.filter((repository) => repository.name !== name));
  const id = upload.slice(upload.lastIndexOf("/") + 1);
  const ids = [
    id.slice(1),
    `${id}0`,
    id.toUpperCase(),
    dice.text("0123456789abcdef", 32),
    "..",
    ".",
    "a".repeat(129),
    "%2e",
    "_",
  ];
  if (ids[2] === id) ids.splice(2, 1);
  return dice.chance(40)
    ? `/v2/${other.name}/blobs/uploads/${id}`
    : `/v2/${name}/blobs/uploads/${dice.pick(ids)}`;
}

/** No place at which the kept uploads can go on with so many bytes. */
function badContentRange(dice: Dice, length: number): string {
  const end = UPLOADED_BYTES + length - 1;
  return dice.pick([
    `0-${length - 1}`,
    `${UPLOADED_BYTES - 1}-${end - 1}`,
    `${UPLOADED_BYTES + 1}-${end + 1}`,
    `${UPLOADED_BYTES}-${end + 1}`,
    `${end}-${UPLOADED_BYTES}`,
    `bytes ${UPLOADED_BYTES}-${end}/*`,
    `${UPLOADED_BYTES}-`,
    `-${end}`,
    `${UPLOADED_BYTES}-${"9".repeat(30)}`,
    "x-y",
    "",
    "0",
    `${UPLOADED_BYTES}-${end},${UPLOADED_BYTES}-${end}`,
    `+${UPLOADED_BYTES}-${end}`,
    `${UPLOADED_BYTES}.0-${end}`,
    `0x1388-${end}`,
  ]);
}
