import { type ReferrerContent, SEVERITIES, type Vulnerability } from "../schemas/mod.ts";
import { arrayOf, member, objectOf, textOf, textsOf } from "../values.ts";
import type { Head } from "./sbom.ts";

/** Entries of lists in an answer. */
const MAX_SHOWN = 200;

/** Vulnerability report of Trivy, Grype, Harbor's scanners, or in SARIF; `undefined` for another document. */
export function readReport(head: Head, document: Record<string, unknown>): ReferrerContent | undefined {
  if (Array.isArray(document.Results)) {
    return report(head, "Trivy", document.CreatedAt, trivyFindings(document));
  }
  if (Array.isArray(document.runs)) {
    const { name, version } = objectOf(objectOf(objectOf(document.runs[0]).tool).driver);
    const scanner = [textOf(name), textOf(version)].filter((text) => text !== undefined).join(" ");
    return report(head, scanner, undefined, sarifFindings(document.runs));
  }
  if (Array.isArray(document.matches)) {
    const { name, version, timestamp } = objectOf(document.descriptor);
    const scanner = [textOf(name), textOf(version)].filter((text) => text !== undefined).join(" ");
    return report(head, scanner, timestamp, grypeFindings(document.matches));
  }
  if (Array.isArray(document.vulnerabilities) && document.scanner !== undefined) {
    const { name, version } = objectOf(document.scanner);
    const scanner = [textOf(name), textOf(version)].filter((text) => text !== undefined).join(" ");
    return report(head, scanner, document.generated_at, harborFindings(document.vulnerabilities));
  }
  return undefined;
}

/** OpenVEX document; `undefined` for another one. */
export function readVex(head: Head, document: Record<string, unknown>): ReferrerContent | undefined {
  if (!textOf(document["@context"])?.startsWith("https://openvex.dev/ns")) return undefined;
  const statements = arrayOf(document.statements);
  return {
    type: "vex",
    ...head,
    statements: {
      items: statements.slice(0, MAX_SHOWN).map((item) => {
        const { vulnerability, status, justification, products } = objectOf(item);
        return {
          vulnerability: textOf(vulnerability) ?? textOf(objectOf(vulnerability).name) ?? "",
          status: textOf(status) ?? "",
          ...member("justification", textOf(justification)),
          products: arrayOf(products).slice(0, 20)
            .map((product) => textOf(product) ?? textOf(objectOf(product)["@id"]) ?? ""),
        };
      }),
      total: statements.length,
    },
    ...member("author", textOf(document.author)),
    ...member("created", textOf(document.timestamp)),
  };
}

function report(head: Head, scanner: string, created: unknown, findings: Vulnerability[]): ReferrerContent {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, unknown: 0 };
  for (const { severity } of findings) counts[severity]++;
  const rank = ({ severity }: Vulnerability) => SEVERITIES.indexOf(severity);
  const sorted = findings.toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return {
    type: "vulnerabilities",
    ...head,
    counts,
    vulnerabilities: { items: sorted.slice(0, MAX_SHOWN), total: findings.length },
    ...member("scanner", scanner === "" ? undefined : scanner),
    ...member("created", textOf(created)),
  };
}

function severityOf(value: unknown): Vulnerability["severity"] {
  const text = textOf(value)?.toLowerCase();
  if (text === "negligible") return "low";
  return SEVERITIES.find((severity) => severity === text) ?? "unknown";
}

function trivyFindings({ Results }: Record<string, unknown>): Vulnerability[] {
  return arrayOf(Results).flatMap((result) => arrayOf(objectOf(result).Vulnerabilities)).map((item) => {
    const { VulnerabilityID, Severity, PkgName, InstalledVersion, FixedVersion, Title } = objectOf(item);
    return {
      id: textOf(VulnerabilityID) ?? "",
      severity: severityOf(Severity),
      ...member("package", textOf(PkgName)),
      ...member("installed", textOf(InstalledVersion)),
      ...member("fixed", textOf(FixedVersion)),
      ...member("title", textOf(Title)),
    };
  });
}

function grypeFindings(matches: unknown[]): Vulnerability[] {
  return matches.map((item) => {
    const { vulnerability, artifact } = objectOf(item);
    const { id, severity, fix, description } = objectOf(vulnerability);
    const { name, version } = objectOf(artifact);
    const fixed = textsOf(objectOf(fix).versions).join(", ");
    return {
      id: textOf(id) ?? "",
      severity: severityOf(severity),
      ...member("package", textOf(name)),
      ...member("installed", textOf(version)),
      ...member("fixed", textOf(fixed)),
      ...member("title", textOf(description)),
    };
  });
}

/** Report of a scanner adapter of Harbor (pluggable-scanner-spec). */
function harborFindings(vulnerabilities: unknown[]): Vulnerability[] {
  return vulnerabilities.map((item) => {
    const found = objectOf(item);
    return {
      id: textOf(found.id) ?? "",
      severity: severityOf(found.severity),
      ...member("package", textOf(found.package)),
      ...member("installed", textOf(found.version)),
      ...member("fixed", textOf(found.fix_version)),
      ...member("title", textOf(found.description)),
    };
  });
}

/** SARIF 2.1.0: `security-severity` of the rule is a CVSS score. */
function sarifFindings(runs: unknown[]): Vulnerability[] {
  return runs.flatMap((run) => {
    const { tool, results } = objectOf(run);
    const rules = new Map(
      arrayOf(objectOf(objectOf(tool).driver).rules).map(objectOf).map((rule) => [rule.id, rule]),
    );
    return arrayOf(results).map((result): Vulnerability => {
      const { ruleId, level, message } = objectOf(result);
      const rule = rules.get(ruleId) ?? {};
      const score = Number(objectOf(rule.properties)["security-severity"]);
      const title = textOf(objectOf(rule.shortDescription).text) ?? textOf(objectOf(message).text);
      return {
        id: textOf(ruleId) ?? "",
        severity: Number.isFinite(score) ? severityOfScore(score) : severityOfLevel(level),
        ...member("title", title),
      };
    });
  });
}

/** CVSS 3.1 §5. */
function severityOfScore(score: number): Vulnerability["severity"] {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  return score >= 4 ? "medium" : score > 0 ? "low" : "unknown";
}

function severityOfLevel(level: unknown): Vulnerability["severity"] {
  return level === "error" ? "high" : level === "warning" ? "medium" : level === "note" ? "low" : "unknown";
}
