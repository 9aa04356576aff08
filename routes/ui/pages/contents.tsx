import type { ReferrerContent } from "../../../api/mod.ts";
import {
  Badge,
  Card,
  formatCount,
  Pairs,
  Plain,
  plain,
  plural,
  shortDigest,
  Size,
  type Tone,
} from "./components/mod.ts";

/** Content of a blob of one type. */
type Of<Type extends ReferrerContent["type"]> = Extract<ReferrerContent, { type: Type }>;

/** Severities, the worst first. */
const SEVERITIES = ["critical", "high", "medium", "low", "unknown"] as const;

/** Most rows of a list in a content, and characters of a text. */
const MAX_ROWS = 100;
const MAX_TEXT_CHARACTERS = 8000;

/** Contents of a referrer, each as a card by its type. */
export function Contents({ contents }: { contents: ReferrerContent[] }) {
  return <>{contents.map((content) => <Content content={content} />)}</>;
}

function Content({ content }: { content: ReferrerContent }) {
  switch (content.type) {
    case "sbom":
      return <Sbom content={content} />;
    case "provenance":
      return <Provenance content={content} />;
    case "statement":
      return <Statement content={content} />;
    case "vex":
      return <Vex content={content} />;
    case "vulnerabilities":
      return <Vulnerabilities content={content} />;
    case "signature":
      return <Signature content={content} />;
    case "text":
      return <Text content={content} />;
    case "bytes":
      return <Bytes content={content} />;
  }
}

/** One line that sums up a content. */
export function summaryOf(content: ReferrerContent): string {
  switch (content.type) {
    case "sbom":
      return `${content.format}: ${plural(content.packages.total, "package")}`;
    case "provenance":
      return `built by ${plain(content.builder ?? "an unnamed builder", 120)}`;
    case "statement":
      return `statement ${plain(content.predicateType, 120)}`;
    case "vex":
      return `VEX: ${plural(content.statements.total, "statement")}`;
    case "vulnerabilities":
      return countsText(content);
    case "signature":
      return `${content.format}, signature`;
    case "text":
      return plain(content.content.text.trim(), 100);
    case "bytes":
      return content.problem === undefined ? "binary content" : plain(content.problem, 160);
  }
}

function countsText({ counts, vulnerabilities }: Of<"vulnerabilities">): string {
  const found = SEVERITIES.filter((severity) => counts[severity] > 0);
  if (found.length === 0) {
    return vulnerabilities.total === 0
      ? "no known vulnerabilities"
      : plural(vulnerabilities.total, "vulnerability", "vulnerabilities");
  }
  return found.map((severity) => `${formatCount(counts[severity])} ${severity}`).join(", ");
}

function More({ shown, total }: { shown: number; total: number }) {
  return total > shown
    ? <p class="muted small">{formatCount(shown)} of {formatCount(total)} are shown</p>
    : null;
}

function Sbom(
  { content: { format, formatVersion, name, created, tools, packages } }: { content: Of<"sbom"> },
) {
  const shown = packages.items.slice(0, MAX_ROWS);
  return (
    <Card
      title={`Packages (${formatCount(packages.total)})`}
      side={<Badge tone="tint">{format} {formatVersion && plain(formatVersion, 20)}</Badge>}
      flush
    >
      <div class="pad">
        <Pairs
          pairs={[
            ["Document", name && <Plain text={name} max={160} />],
            ["Created", created && plain(created, 40)],
            ["Tools", tools.length > 0 ? <Plain text={tools.join(", ")} max={200} /> : undefined],
          ]}
        />
      </div>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">Package</th>
            <th scope="col">Version</th>
            <th scope="col">Licence</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ name, version, license }) => (
            <tr>
              <th scope="row">
                <Plain text={name} max={120} />
              </th>
              <td>{version && <Plain text={version} max={60} />}</td>
              <td>{license && <Plain text={license} max={80} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <More shown={shown.length} total={packages.total} />
    </Card>
  );
}

function Provenance({ content }: { content: Of<"provenance"> }) {
  const { builder, buildType, started, finished, dependencies, parameters, subjects, predicateType } =
    content;
  const shown = dependencies.items.slice(0, MAX_ROWS);
  return (
    <Card title="Provenance" side={<Badge>not verified</Badge>}>
      <Pairs
        pairs={[
          ["Builder", builder && <Plain text={builder} max={200} />],
          ["Build type", buildType && <Plain text={buildType} max={200} />],
          ["Started", started && plain(started, 40)],
          ["Finished", finished && plain(finished, 40)],
          ["Predicate", <Plain text={predicateType} max={200} />],
          ["Subjects", <Subjects subjects={subjects} />],
          ...parameters.slice(0, MAX_ROWS).map((
            { name, value },
          ): [string, string] => [plain(name, 80), plain(value, 200)]),
        ]}
      />
      {dependencies.total > 0 && (
        <>
          <h3>Built from</h3>
          <ul class="rows">
            {shown.map(({ uri, digest }) => (
              <li>
                <Plain text={uri} max={200} />
                {digest && <code class="muted">{plain(digest, 80)}</code>}
              </li>
            ))}
          </ul>
          <More shown={shown.length} total={dependencies.total} />
        </>
      )}
    </Card>
  );
}

function Subjects({ subjects }: { subjects: { name: string; digest: string }[] }) {
  return (
    <>
      {subjects.slice(0, 5).map(({ name, digest }) => (
        <div>
          <Plain text={name} max={120} />{" "}
          <code title={plain(digest, 200)}>{plain(shortDigest(digest), 30)}</code>
        </div>
      ))}
      {subjects.length > 5 && <div class="muted">and {subjects.length - 5} more</div>}
    </>
  );
}

function Statement({ content: { predicateType, subjects, predicate } }: { content: Of<"statement"> }) {
  return (
    <Card title="Statement" side={<Badge>not verified</Badge>}>
      <Pairs
        pairs={[["Predicate", <Plain text={predicateType} max={200} />], [
          "Subjects",
          <Subjects subjects={subjects} />,
        ]]}
      />
      <pre class="code" tabindex={0}>{plain(predicate.text, MAX_TEXT_CHARACTERS)}</pre>
    </Card>
  );
}

const VEX_TONES: Readonly<Record<string, Tone>> = {
  affected: "bad",
  fixed: "good",
  not_affected: "good",
  under_investigation: "warn",
};

function Vex({ content: { author, created, statements } }: { content: Of<"vex"> }) {
  const shown = statements.items.slice(0, MAX_ROWS);
  return (
    <Card title={`VEX statements (${formatCount(statements.total)})`} flush>
      <div class="pad">
        <Pairs
          pairs={[["Author", author && <Plain text={author} max={120} />], [
            "Created",
            created && plain(created, 40),
          ]]}
        />
      </div>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">Vulnerability</th>
            <th scope="col">Status</th>
            <th scope="col">Reason</th>
            <th scope="col">Products</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ vulnerability, status, justification, products }) => (
            <tr>
              <th scope="row">
                <Plain text={vulnerability} max={60} />
              </th>
              <td>
                <Badge {...toneOf(VEX_TONES[status])}>{plain(status.replaceAll("_", " "), 40)}</Badge>
              </td>
              <td>{justification && <Plain text={justification.replaceAll("_", " ")} max={160} />}</td>
              <td>
                <Plain text={products.slice(0, 3).join(", ")} max={200} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More shown={shown.length} total={statements.total} />
    </Card>
  );
}

function toneOf(tone: Tone | undefined): { tone?: Tone } {
  return tone === undefined ? {} : { tone };
}

const SEVERITY_TONES: Readonly<Record<string, Tone>> = {
  critical: "bad",
  high: "bad",
  medium: "warn",
  low: "tint",
};

/** Numbers of vulnerabilities by severity, as labels. */
export function SeverityBadges({ counts }: { counts: Of<"vulnerabilities">["counts"] }) {
  return (
    <span class="badges">
      {SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) => (
        <Badge {...toneOf(SEVERITY_TONES[severity])}>{formatCount(counts[severity])} {severity}</Badge>
      ))}
    </span>
  );
}

function Vulnerabilities(
  { content: { scanner, created, counts, vulnerabilities } }: { content: Of<"vulnerabilities"> },
) {
  const shown = vulnerabilities.items.slice(0, MAX_ROWS);
  return (
    <Card
      title={`Vulnerabilities (${formatCount(vulnerabilities.total)})`}
      side={<SeverityBadges counts={counts} />}
      flush
    >
      <div class="pad">
        <Pairs
          pairs={[["Scanner", scanner && <Plain text={scanner} max={120} />], [
            "Created",
            created && plain(created, 40),
          ]]}
        />
      </div>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">Vulnerability</th>
            <th scope="col">Severity</th>
            <th scope="col">Package</th>
            <th scope="col">Fixed in</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ id, severity, package: name, installed, fixed, title }) => (
            <tr>
              <th scope="row">
                <Plain text={id} max={40} />
                {title && (
                  <div class="small muted">
                    <Plain text={title} max={120} />
                  </div>
                )}
              </th>
              <td>
                <Badge {...toneOf(SEVERITY_TONES[severity])}>{severity}</Badge>
              </td>
              <td>
                {name && <Plain text={name} max={80} />} {installed && <code>{plain(installed, 40)}</code>}
              </td>
              <td>{fixed ? <code>{plain(fixed, 40)}</code> : <span class="muted">no fix known</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <More shown={shown.length} total={vulnerabilities.total} />
    </Card>
  );
}

function Signature({ content: { format, facts } }: { content: Of<"signature"> }) {
  return (
    <Card title={`Signature (${format})`} side={<Badge>as it says itself</Badge>}>
      <Pairs
        pairs={facts.slice(0, MAX_ROWS).map((
          { name, value },
        ) => [<Plain text={name} max={80} />, <Plain text={value} />])}
      />
    </Card>
  );
}

function Text({ content: { title, content: { text, truncated } } }: { content: Of<"text"> }) {
  return (
    <Card title={plain(title ?? "Text", 120)}>
      <pre class="code" tabindex={0}>{plain(text, MAX_TEXT_CHARACTERS)}</pre>
      {truncated && <p class="muted small">The content has more text.</p>}
    </Card>
  );
}

function Bytes({ content: { title, mediaType, size, problem } }: { content: Of<"bytes"> }) {
  return (
    <Card title={plain(title ?? "Binary content", 120)}>
      <p>
        <code>{plain(mediaType, 120)}</code>, <Size bytes={size} />
        {problem && (
          <>
            : <Plain text={problem} />
          </>
        )}
      </p>
    </Card>
  );
}
