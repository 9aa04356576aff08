import type { EventMessage } from "../registry/mod.ts";

/** Media type of an event in structured mode, https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md. */
export const CLOUD_EVENT_TYPE = "application/cloudevents+json; charset=utf-8";

/** Start of the type of every event. */
const TYPE_PREFIX = "skerry.";

/**
 * A message as a CloudEvent 1.0 in JSON. `source` identifies the registry; together with the id it is unique.
 *
 * Written here because the package `cloudevents` brings 44 packages with 7 MB, most of them for reading and checking
 * events. A test compares the result with it.
 */
export function cloudEvent({ id, type, at, subject, data }: EventMessage, source: string): string {
  return JSON.stringify({
    specversion: "1.0",
    id,
    source,
    type: TYPE_PREFIX + type,
    ...(subject !== undefined && { subject }),
    time: new Date(at).toISOString(),
    datacontenttype: "application/json",
    data,
  });
}
