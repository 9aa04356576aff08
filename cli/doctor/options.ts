import { size } from "../../config/mod.ts";
import { isRepositoryName, isTag } from "../../oci/mod.ts";
import { MisuseError } from "../command.ts";
import type { Credentials } from "./session.ts";
import type { UploadLimits } from "./uploads.ts";

/** Options of `skerry doctor`. */
export interface DoctorOptions {
  /** Address of the registry. */
  url: URL;
  /** Account; anonymous if absent. */
  credentials?: Credentials;
  /** Image to pull. */
  pull?: { repository: string; tag: string };
  /** Repository to which a small image is pushed, instead of `pull`. */
  push?: string;
  /** Extent of the checks of uploads, with `push`. */
  uploads: UploadLimits;
  /** Address of the public endpoint of the same registry, with `push`. */
  publicUrl?: URL;
  /** Milliseconds for which a purge of its cache is waited for. */
  purgePatienceMs: number;
  /** One JSON object a finding instead of text. */
  json: boolean;
  /** Certificates in PEM to trust besides those of the machine. */
  caCerts?: string[];
  /** Milliseconds since the epoch; the clock of the machine by default. */
  now?: () => number;
}

/** Variable with the password or token of `--user`, which would be visible to others as an option. */
export const PASSWORD_VARIABLE = "SKERRY_DOCTOR_PASSWORD";

/** Milliseconds until an upload that was cut must show its bytes. */
const PATIENCE_MS = 5000;

/** Milliseconds until a cache must have been purged. */
const PURGE_PATIENCE_MS = 30_000;

/** Options of `skerry doctor`, as texts. */
export interface DoctorTexts {
  /** Address of the registry. */
  url: string | undefined;
  /** Name of the account. */
  user: string | undefined;
  /** Its password. */
  password: string | undefined;
  /** `REPOSITORY:TAG` to pull. */
  image: string | undefined;
  /** Repository to push to. */
  push: string | undefined;
  /** Address of the public endpoint. */
  publicUrl: string | undefined;
  /** Size of the largest body. */
  maxBody: string | undefined;
  /** Seconds of the slow body. */
  slow: string | undefined;
  /** True for JSON. */
  json: boolean;
}

/**
 * Reads the options.
 *
 * @throws {MisuseError} for an invalid option.
 */
export function readDoctorOptions(texts: DoctorTexts): DoctorOptions {
  const { user, password, image, push, publicUrl, maxBody = "16MiB", slow = "5", json } = texts;
  if (image !== undefined && push !== undefined) {
    throw new MisuseError("--image and --push exclude each other");
  }
  if (push !== undefined && !isRepositoryName(push)) {
    throw new MisuseError(`Expected the name of a repository for --push, got "${push}"`);
  }
  if (publicUrl !== undefined && push === undefined) throw new MisuseError("--public requires --push");
  if (user !== undefined && !password) {
    throw new MisuseError(`--user requires its password in ${PASSWORD_VARIABLE}`);
  }
  const maxBodyBytes = size("1B", "1TiB").read(maxBody);
  if (maxBodyBytes === undefined) {
    throw new MisuseError(`Expected a size such as "16MiB" for --max-body, got "${maxBody}"`);
  }
  const slowSeconds = /^\d{1,4}$/.test(slow) ? Number(slow) : 0;
  if (slowSeconds === 0) throw new MisuseError(`Expected seconds from 1 to 9999 for --slow, got "${slow}"`);
  return {
    url: readUrl(texts.url, "--url"),
    ...(user !== undefined && { credentials: { user, password: password! } }),
    ...(image !== undefined && { pull: readImageName(image) }),
    ...(push !== undefined && { push }),
    uploads: { maxBodyBytes, slowSeconds, patienceMs: PATIENCE_MS },
    ...(publicUrl !== undefined && { publicUrl: readUrl(publicUrl, "--public") }),
    purgePatienceMs: PURGE_PATIENCE_MS,
    json,
  };
}

function readUrl(text: string | undefined, option: string): URL {
  if (text === undefined) throw new MisuseError(`Missing ${option} URL`);
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url;
  throw new MisuseError(`Expected a URL such as "https://registry.example.com" for ${option}, got "${text}"`);
}

function readImageName(text: string): { repository: string; tag: string } {
  const [, repository = "", tag = "latest"] = /^(.*?)(?::([^:/]*))?$/.exec(text) ?? [];
  if (isRepositoryName(repository) && isTag(tag)) return { repository, tag };
  throw new MisuseError(`Expected REPOSITORY:TAG for --image, got "${text}"`);
}
