import type { SignatureView } from "../../../api/mod.ts";
import { Age, Badge, Card, DigestText, Note, Pairs, Plain, plain, type Tone } from "./components/mod.ts";
import { manifestPath } from "./paths.ts";

type Signature = SignatureView["signatures"][number];
type RuleResult = SignatureView["rules"][number];

/** Words and colours of the states of a signature and of a report. */
const STATES: Readonly<Record<SignatureView["state"], { text: string; tone?: Tone }>> = {
  verified: { text: "verified", tone: "good" },
  unverified: { text: "not verified", tone: "warn" },
  invalid: { text: "invalid", tone: "bad" },
  unsigned: { text: "not signed" },
};

/** State of a signature or a report as a label. */
export function StateBadge({ state }: { state: SignatureView["state"] }) {
  const { text, tone } = STATES[state];
  return tone === undefined ? <Badge>{text}</Badge> : <Badge tone={tone}>{text}</Badge>;
}

/** Most signatures that the page shows. */
const MAX_SIGNATURES = 20;

/** Signatures of a manifest: by whom, and which rules of the repository they meet. */
export function Signatures({ name, report, now }: { name: string; report: SignatureView; now: number }) {
  const { state, rules, signatures, coveredBy, complete } = report;
  return (
    <Card title="Signatures" side={<StateBadge state={state} />} id="signatures">
      {rules.length === 0 && signatures.length === 0 && (
        <p class="muted">No signature is attached, and no rule of this repository requires one.</p>
      )}
      {rules.map((rule) => <Rule rule={rule} />)}
      {coveredBy && (
        <p class="small">
          A signed index contains it:{" "}
          <DigestText digest={coveredBy} href={manifestPath(name, coveredBy)} copy={false} />
        </p>
      )}
      {signatures.slice(0, MAX_SIGNATURES).map((signature) => (
        <SignatureParts name={name} signature={signature} now={now} />
      ))}
      {(!complete || signatures.length > MAX_SIGNATURES) && (
        <p class="muted small">There are more signatures than this page shows.</p>
      )}
    </Card>
  );
}

function Rule({ rule: { name, mode, enforce, met, reason } }: { rule: RuleResult }) {
  const consequence = mode === "enforce" ? `refuses ${enforce.join(" and ")}` : "only logs";
  return (
    <Note tone={met ? "good" : mode === "enforce" ? "bad" : "warn"}>
      <p class="small">
        Rule <b>{plain(name, 80)}</b> {met ? "is met" : `is not met, and ${consequence}`}:{" "}
        <Plain text={reason} max={300} />
      </p>
    </Note>
  );
}

function SignatureParts({ name, signature, now }: { name: string; signature: Signature; now: number }) {
  const { format, manifest, state, reason, key, identity, issuer, signedAt, expiresAt, predicateType } =
    signature;
  return (
    <section class="stack-tight">
      <div class="facts">
        <h3>{format}</h3>
        <StateBadge state={state} />
        <DigestText digest={manifest} href={manifestPath(name, manifest)} copy={false} />
      </div>
      <p class="small">
        <Plain text={reason} max={300} />
      </p>
      <Pairs
        pairs={[
          ["Key", key && <Plain text={key} max={120} />],
          ["Identity", identity && <Plain text={identity} max={200} />],
          ["Issuer", issuer && <Plain text={issuer} max={200} />],
          ["Signed", signedAt !== undefined ? <Age at={Date.parse(signedAt)} now={now} /> : undefined],
          ["Expires", expiresAt !== undefined ? <Age at={Date.parse(expiresAt)} now={now} /> : undefined],
          ["Attests", predicateType && <Plain text={predicateType} max={200} />],
        ]}
      />
    </section>
  );
}
