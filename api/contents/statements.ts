import type { Fact, ReferrerContent } from "../schemas/mod.ts";
import { textIn } from "../texts.ts";
import { arrayOf, member, objectOf, textMapOf, textOf } from "../values.ts";
import type { Head } from "./sbom.ts";

/** Entries of lists in an answer. */
const MAX_SHOWN = 200;

/** Bytes of a predicate in an answer. */
const MAX_PREDICATE_BYTES = 16 * 1024;

/** in-toto statement (https://github.com/in-toto/attestation, statement.md). */
export interface Statement {
  /** Type of the predicate. */
  predicateType: string;
  /** The predicate. */
  predicate: unknown;
  /** Subjects. */
  subjects: { name: string; digest: string }[];
}

/** Statement of a document; `undefined` for another document. */
export function statementOf(document: Record<string, unknown>): Statement | undefined {
  if (!textOf(document._type)?.startsWith("https://in-toto.io/Statement/")) return undefined;
  const subjects = arrayOf(document.subject).slice(0, MAX_SHOWN).map((item) => {
    const { name, digest } = objectOf(item);
    const [first] = Object.entries(textMapOf(digest));
    return { name: textOf(name) ?? "", digest: first === undefined ? "" : first.join(":") };
  });
  return { predicateType: textOf(document.predicateType) ?? "", predicate: document.predicate, subjects };
}

/** SLSA provenance, or any other statement. */
export function describeStatement(head: Head, statement: Statement): ReferrerContent {
  const { predicateType, predicate, subjects } = statement;
  if (/^https:\/\/slsa\.dev\/provenance\//.test(predicateType)) return readProvenance(head, statement);
  const bytes = new TextEncoder().encode(JSON.stringify(predicate ?? null, null, 2));
  return {
    type: "statement",
    ...head,
    predicateType,
    subjects,
    predicate: textIn(bytes, "application/json", MAX_PREDICATE_BYTES),
  };
}

/** SLSA provenance 0.2 and 1.x. */
function readProvenance(head: Head, { predicateType, predicate, subjects }: Statement): ReferrerContent {
  const document = objectOf(predicate);
  const [build, run] = [objectOf(document.buildDefinition), objectOf(document.runDetails)];
  const metadata = objectOf(run.metadata ?? document.metadata);
  const builder = objectOf(run.builder ?? document.builder);
  const dependencies = arrayOf(build.resolvedDependencies ?? document.materials);
  return {
    type: "provenance",
    ...head,
    predicateType,
    subjects,
    dependencies: {
      items: dependencies.slice(0, MAX_SHOWN).map((item) => {
        const { uri, name, digest } = objectOf(item);
        const [first] = Object.entries(textMapOf(digest));
        return { uri: textOf(uri) ?? textOf(name) ?? "", ...member("digest", first?.join(":")) };
      }),
      total: dependencies.length,
    },
    parameters: parametersOf(build, document),
    ...member("builder", textOf(builder.id)),
    ...member("buildType", textOf(build.buildType ?? document.buildType)),
    ...member("started", textOf(metadata.startedOn ?? metadata.buildStartedOn)),
    ...member("finished", textOf(metadata.finishedOn ?? metadata.buildFinishedOn)),
  };
}

/** External parameters, one row for each value, to a depth of three. */
function parametersOf(build: Record<string, unknown>, document: Record<string, unknown>): Fact[] {
  const { configSource, parameters } = objectOf(document.invocation);
  const given = build.externalParameters ??
    { ...objectOf(parameters), ...member("configSource", configSource) };
  const rows: Fact[] = [];
  const visit = (value: unknown, path: string, depth: number) => {
    if (rows.length >= MAX_SHOWN) return;
    if (typeof value === "object" && value !== null && depth < 3) {
      for (const [name, inner] of Object.entries(value)) {
        visit(inner, path === "" ? name : `${path}.${name}`, depth + 1);
      }
    } else rows.push({ name: path, value: typeof value === "string" ? value : JSON.stringify(value) ?? "" });
  };
  visit(objectOf(given), "", 0);
  return rows;
}
