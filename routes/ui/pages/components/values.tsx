import { formatAge, formatBytes, plain, shortDigest } from "./text.ts";

/** Text of a client. Its direction does not affect the text around it. */
export function Plain({ text, max }: { text: string; max?: number }) {
  return <bdi>{plain(text, max).trim() || "(empty)"}</bdi>;
}

/** Size in words, with the exact number of bytes as a tooltip. */
export function Size({ bytes }: { bytes: number }) {
  return <span class="num" title={`${bytes} bytes`}>{formatBytes(bytes)}</span>;
}

/** Age in words; the exact time is a tooltip and readable by programs. */
export function Age({ at, now }: { at: number; now: number }) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>unknown</span>;
  const iso = date.toISOString();
  return <time datetime={iso} title={iso.replace("T", " ").slice(0, 19) + " UTC"}>{formatAge(at, now)}</time>;
}

/** Short digest with a button that copies the whole one. */
export function DigestText({ digest, href, copy = true }: { digest: string; href?: string; copy?: boolean }) {
  const short = <code title={digest}>{shortDigest(digest)}</code>;
  return (
    <span class="digest">
      {href === undefined ? short : <a href={href}>{short}</a>}
      {copy && <CopyButton text={digest} of={`digest ${shortDigest(digest)}`} />}
    </span>
  );
}

/** Button that copies a text: that of the nearest `code`, or `text`. It is hidden without the page's script. */
export function CopyButton({ text, of }: { text?: string; of: string }) {
  return (
    <button type="button" class="quiet needs-script" data-copy={text ?? ""} aria-label={`Copy ${of}`}>
      Copy
    </button>
  );
}

/** Command to copy, with the name of its program. */
export function Command({ name, text }: { name: string; text: string }) {
  return (
    <div class="command">
      <div>
        <span>{name}</span>
        <CopyButton text={text} of={`the command for ${name}`} />
      </div>
      <code>{text}</code>
    </div>
  );
}

/** Account that made a change: its name, and the whole principal as a tooltip. */
export function By({ principal }: { principal: string | undefined }) {
  if (principal === undefined) return null;
  return (
    <span title={plain(principal, 200)}>
      {" by "}
      <bdi>
        {plain(
          principal.replace(/^(user|robot|workload|certificate|external):/, "").replace(/^https?:\/\//, ""),
          60,
        )}
      </bdi>
    </span>
  );
}
