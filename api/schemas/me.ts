import * as z from "zod/mini";
import { actionSchema, named } from "./parts.ts";

/** The caller. */
export const meSchema = named(
  "Me",
  "The caller",
  z.object({
    name: z.string().check(z.describe('"anonymous", or the kind, a colon and a name, such as "user:alice"')),
    kind: z.enum(["anonymous", "user", "robot", "workload", "certificate", "external"]),
    administrator: z.boolean().check(z.describe("True if the caller may use /v2/_skerry/admin")),
    tokens: z.boolean().check(z.describe("True if the caller may manage own tokens at /v2/_skerry/tokens")),
    access: z.enum(["open", "accounts", "external"]).check(
      z.describe("open: every client may do everything; external: a token server has the accounts"),
    ),
    readOnly: z.boolean().check(z.describe("True if the registry refuses every change")),
    rights: z.exactOptional(
      z.array(z.object({ actions: z.array(actionSchema), repositories: z.string() })).check(
        z.describe("Rules of the policies for the account; absent if its name alone does not decide"),
      ),
    ),
  }),
);

/** The caller. */
export type Me = z.infer<typeof meSchema>;
