import type { BlobContent } from "../library.ts";
import type { ManifestDocument, Part } from "../manifest_document.ts";
import type { ReferrerContent } from "../schemas/mod.ts";
import { jsonIn, textIn } from "../texts.ts";
import { arrayOf, member, objectOf, textOf } from "../values.ts";
import { readReport, readVex } from "./reports.ts";
import { type Head, readSbom } from "./sbom.ts";
import { describeSignature } from "./signatures.ts";
import { describeStatement, statementOf } from "./statements.ts";

/** Bytes of a content that is read. Its JSON takes several times as much memory while it is read. */
export const MAX_CONTENT_BYTES = 8 * 1024 * 1024;

/** True for a media type or artifact type of an SBOM, or of a statement that may have one. */
export function isSbomType(type: string): boolean {
  return /spdx|cyclonedx|in-toto|dsse/.test(type);
}

/** Content of a blob of a referrer, by its format. */
export function readContent(
  blob: Part,
  { kind }: Pick<ManifestDocument, "kind">,
  content: BlobContent,
): ReferrerContent {
  const { digest, mediaType, size, annotations } = blob;
  const head: Head = {
    digest,
    mediaType,
    size,
    ...member("title", annotations["org.opencontainers.image.title"]),
  };
  if ("problem" in content) return { type: "bytes", ...head, problem: content.problem };
  const json = jsonIn(content.bytes);
  if (json === undefined) {
    return isText(mediaType, content.bytes)
      ? { type: "text", ...head, content: textIn(content.bytes, mediaType) }
      : { type: "bytes", ...head };
  }
  return readJson(head, kind, json, blob) ??
    { type: "text", ...head, content: textIn(content.bytes, mediaType) };
}

function readJson(
  head: Head,
  kind: ManifestDocument["kind"],
  json: unknown,
  blob: Part,
): ReferrerContent | undefined {
  const document = objectOf(json);
  // A bundle can hold a signature or a signed statement.
  const statement = statementIn(document);
  if (statement !== undefined) {
    const predicate = objectOf(statement.predicate);
    return readSbom(head, predicate) ?? readVex(head, predicate) ??
      readReport(head, predicate) ?? describeStatement(head, statement);
  }
  return describeSignature(head, kind, document, blob) ?? readSbom(head, document) ??
    readVex(head, document) ??
    readReport(head, document);
}

/** Statement of a document: as it is, in a DSSE envelope, or in the envelope of a Sigstore bundle. Nothing is verified. */
export function statementIn(document: Record<string, unknown>): ReturnType<typeof statementOf> {
  const envelope = document.dsseEnvelope === undefined ? document : objectOf(document.dsseEnvelope);
  const payload = textOf(envelope.payload);
  if (payload === undefined || arrayOf(envelope.signatures).length === 0) return statementOf(document);
  try {
    return statementOf(objectOf(jsonIn(Uint8Array.fromBase64(payload))));
  } catch {
    return undefined;
  }
}

/** True if the content is text: by its media type, or because it has no byte 0. */
function isText(mediaType: string, bytes: Uint8Array): boolean {
  return /^text\/|[+/](json|yaml|xml|markdown)\b/.test(mediaType) && !bytes.subarray(0, 8192).includes(0);
}
