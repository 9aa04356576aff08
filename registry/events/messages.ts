import { type EventAttributes, eventId, type EventMessage } from "../items/mod.ts";
import type { EventType } from "../protocol/mod.ts";
import { isVulnerabilityReport } from "./report_types.ts";
import { laneOf } from "./verdict.ts";

/** Events of a change that was made, as receivers get them. */
export function messagesOf(attributes: EventAttributes, at: number): (EventMessage & { type: EventType })[] {
  const { repository, change, by } = attributes;
  const message = { id: eventId(attributes), at, subject: laneOf(attributes) };
  const made = by === undefined ? {} : { by };
  switch (change.kind) {
    case "tag.move": {
      const { tag, digest, before, history, number } = change;
      const type = before === undefined ? "tag.create" : "tag.move";
      const target = { digest, ...(before !== undefined && { before }) };
      const data = { repository, tag, ...target, history, number, ...made };
      return [{ ...message, type, data }];
    }
    case "tag.delete": {
      const { kind: type, tag, before, history, number } = change;
      return [{ ...message, type, data: { repository, tag, before, history, number, ...made } }];
    }
    case "manifest.push": {
      const { kind: type, push: _, ...facts } = change;
      const data = { repository, ...facts, ...made };
      const push = { ...message, type, data };
      if (!isVulnerabilityReport(change)) return [push];
      return [push, { ...message, id: `${message.id}-scan`, type: "scan.report", data }];
    }
    case "manifest.delete": {
      const { kind: type, digest } = change;
      return [{ ...message, type, data: { repository, digest, ...made } }];
    }
    case "repository.create":
    case "repository.delete":
      return [{ ...message, type: change.kind, data: { repository, ...made } }];
  }
}
