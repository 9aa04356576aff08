import type { Child } from "hono/jsx";

/** Meaning of a badge or a note, which decides its colour; the text says it as well. */
export type Tone = "good" | "warn" | "bad" | "tint";

/** One step of the way to a page; the last one has no link. */
export interface Crumb {
  /** Text of the step. */
  text: string;
  /** Path of the page that the step leads to. */
  href?: string;
}

/** Heading of a page with the way to it and a line of facts. */
export function Head(
  { title, crumbs = [], facts = [], children }: {
    title: Child;
    crumbs?: Crumb[];
    facts?: Child[];
    children?: Child;
  },
) {
  return (
    <header class="head">
      {crumbs.length > 0 && (
        <nav aria-label="Breadcrumb">
          <ol class="crumbs">
            {crumbs.map(({ text, href }) => (
              <li>{href ? <a href={href}>{text}</a> : <span>{text}</span>}</li>
            ))}
          </ol>
        </nav>
      )}
      <h1>{title}</h1>
      {facts.length > 0 && <ul class="facts">{facts.filter(Boolean).map((fact) => <li>{fact}</li>)}</ul>}
      {children}
    </header>
  );
}

/** Box with a heading. `flush` leaves no room around a table or a list. */
export function Card(
  { title, side, flush = false, id, children }: {
    title?: Child;
    side?: Child;
    flush?: boolean;
    id?: string;
    children?: Child;
  },
) {
  return (
    <section class={flush ? "card flush" : "card"} {...(id === undefined ? {} : { id })}>
      {title && (
        <header>
          <h2>{title}</h2>
          {side}
        </header>
      )}
      {children}
    </section>
  );
}

/** Message between the other parts of a page. */
export function Note({ tone, children }: { tone?: Tone; children?: Child }) {
  return <div class={tone ? `note ${tone}` : "note"}>{children}</div>;
}

/** Short label. */
export function Badge(
  { tone, href, title, children }: { tone?: Tone; href?: string; title?: string; children?: Child },
) {
  const attributes = { class: tone ? `badge ${tone}` : "badge", ...(title === undefined ? {} : { title }) };
  return href === undefined
    ? <span {...attributes}>{children}</span>
    : <a href={href} {...attributes}>{children}</a>;
}

/** Number with its meaning below it. */
export function Tile({ value, label }: { value: Child; label: string }) {
  return (
    <div class="tile">
      <b>{value}</b>
      <span>{label}</span>
    </div>
  );
}

/** Links between the views of one thing; `current` is the path of the present one. */
export function Tabs(
  { label, current, tabs }: { label: string; current: string; tabs: [href: string, text: Child][] },
) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(([href, text]) => (
        <a href={href} {...(href === current ? { "aria-current": "page" } : {})}>{text}</a>
      ))}
    </nav>
  );
}

/** Links to the first and the next page of a list. */
export function Pager(
  { first, next, shown }: { first?: string | undefined; next?: string | undefined; shown?: string },
) {
  if (first === undefined && next === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {first === undefined ? <span></span> : <a class="button" href={first}>First page</a>}
      {shown && <span class="muted small">{shown}</span>}
      {next === undefined ? <span></span> : <a class="button" href={next} rel="next">Next page</a>}
    </nav>
  );
}

/** Pairs of a name and a value; `undefined` values are left out. */
export function Pairs({ pairs }: { pairs: [name: Child, value: Child | undefined][] }) {
  return (
    <dl class="kv">
      {pairs.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}
