import { MisuseError } from "../command.ts";
import type { SourcePlace } from "./open_source.ts";

/** Text of the operand and the options of `skerry import`. */
export interface GivenSource {
  /** A folder, or `s3://BUCKET/PREFIX`. */
  source: string;
  /** URL of the source's store. */
  endpoint: string | undefined;
  /** Region of the source's bucket. */
  region: string | undefined;
  /** True for URLs with the bucket in their path. */
  pathStyle: boolean;
}

/**
 * Place of the source.
 *
 * @throws {MisuseError} for options that do not fit the source, and for invalid values.
 */
export function readSourcePlace({ source, endpoint, region, pathStyle }: GivenSource): SourcePlace {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(source) ?? [];
  if (bucket === undefined) {
    if (endpoint !== undefined || region !== undefined || pathStyle) {
      throw new MisuseError(
        "--endpoint, --region and --path-style are for a source such as s3://BUCKET/PREFIX",
      );
    }
    if (source === "") throw new MisuseError("Missing SOURCE");
    return { folder: source };
  }
  if (bucket === "") throw new MisuseError(`Expected s3://BUCKET/PREFIX, got "${source}"`);
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) {
    throw new MisuseError(`Expected a URL for --endpoint, got "${endpoint}"`);
  }
  return {
    bucket,
    prefix: prefix.replace(/^\/+|\/+$/g, ""),
    region: region ?? "us-east-1",
    ...(endpoint !== undefined && { endpoint }),
    pathStyle,
  };
}
