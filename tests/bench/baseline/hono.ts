/**
 * The least that is a Hono app.
 *
 * @module
 */

import { Hono } from "npm:hono@4.13.19";

const app = new Hono();
app.get("/v2/", (context) => context.json({}));

Deno.serve({ hostname: Deno.env.get("HOST")!, port: Number(Deno.env.get("PORT")), onListen() {} }, app.fetch);
