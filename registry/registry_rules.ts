import {
  type ImmutableRule,
  ImmutableTags,
  OpenUploads,
  type QuotaRule,
  Quotas,
  type UploadLimits,
} from "./limits/mod.ts";
import {
  type Context,
  type EventRule,
  EventRules,
  type Events,
  type PurgeRules,
  type Purges,
  SettledEvents,
  type SettledPurges,
} from "./protocol/mod.ts";

/** Rules of a registry that can change while it runs: see {@linkcode StoredRegistry.withRules}. Sizes are in bytes. */
export interface RegistryRules {
  /** `strict` (the default) rejects a manifest whose blobs or children are missing from the repository. */
  references?: "strict" | "sparse";
  /** Tags that can be created, and from then on neither moved nor deleted; none by default. */
  immutable?: ImmutableRule[];
  /** True if a manifest that a tag points at may not be deleted; false by default. */
  keepTags?: boolean;
  /** Limits on the open uploads of one principal, across all processes. No limit by default. */
  uploadLimits?: UploadLimits;
  /** Storage quotas; none by default. */
  quotas?: QuotaRule[];
  /** Largest blob; without a limit by default. */
  maxBlobSize?: number;
  /** Answers of which a shared cache is purged after a change. By default changes leave no purges. */
  purges?: PurgeRules;
  /** Events that receivers ask for. By default changes leave no events. */
  events?: EventRule[];
}

/** Parts of a context that stay when rules change. */
export type State = Omit<Context, keyof ContextRules>;

/** Parts of a context that follow from rules. */
type ContextRules = Pick<
  Context,
  "quotas" | "openUploads" | "purges" | "events" | "references" | "immutable" | "keepTags" | "maxBlobSize"
>;

/** Makes the parts of a context that follow from rules. Equal quotas and limits share what they have counted. */
export class RuleParts {
  /** Purges of changes that have taken effect. */
  readonly settled: SettledPurges;
  /** Intents of changes that are over. */
  readonly settledEvents: SettledEvents = new SettledEvents();
  readonly #state: Pick<Context, "table" | "now">;
  #quotas: { rules: string; quotas: Quotas } | undefined;
  #uploads: { limits: string; openUploads: OpenUploads } | undefined;

  /** Parts over this state. */
  constructor(state: Pick<Context, "table" | "now">, settled: SettledPurges) {
    this.#state = state;
    this.settled = settled;
  }

  /** Parts for these rules. */
  of(rules: RegistryRules): ContextRules {
    const quotas = this.#quotasOf(rules.quotas);
    const openUploads = this.#openUploadsOf(rules.uploadLimits);
    return {
      ...(quotas && { quotas }),
      ...(openUploads && { openUploads }),
      ...(rules.purges && { purges: purgesOf(rules.purges, this.settled) }),
      ...(rules.events?.length && { events: eventsOf(rules.events, this.settledEvents) }),
      references: rules.references ?? "strict",
      immutable: new ImmutableTags(rules.immutable),
      keepTags: rules.keepTags ?? false,
      maxBlobSize: rules.maxBlobSize ?? Number.MAX_SAFE_INTEGER,
    };
  }

  #quotasOf(quotas: QuotaRule[] = []): Quotas | undefined {
    if (quotas.length === 0) return undefined;
    const rules = JSON.stringify(quotas);
    // They hold the bytes of pushes in progress.
    if (this.#quotas?.rules !== rules) this.#quotas = { rules, quotas: new Quotas(quotas, this.#state.now) };
    return this.#quotas.quotas;
  }

  #openUploadsOf(uploadLimits: UploadLimits | undefined): OpenUploads | undefined {
    const { openUploads = 0, openUploadBytes = 0 } = uploadLimits ?? {};
    if (openUploads <= 0 && openUploadBytes <= 0) return undefined;
    const limits = `${openUploads} ${openUploadBytes}`;
    if (this.#uploads?.limits !== limits) {
      this.#uploads = {
        limits,
        openUploads: new OpenUploads({ openUploads, openUploadBytes }, this.#state),
      };
    }
    return this.#uploads.openUploads;
  }
}

function eventsOf(rules: EventRule[], settled: SettledEvents): Events {
  return { rules: new EventRules(rules), settled: (intents) => settled.add(intents) };
}

function purgesOf(rules: PurgeRules, settled: SettledPurges): Purges {
  return { rules, settled: (purges) => settled.add(purges) };
}
