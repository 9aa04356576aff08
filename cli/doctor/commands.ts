import type { Command } from "../command.ts";
import { JSON_LINES } from "../options.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Commands that check a registry from outside. */
export const DOCTOR_COMMANDS: Record<string, Command> = {
  doctor: {
    summary: "Check a registry at its address, with proxies, CDN and platform in front of it",
    details:
      "Needs no configuration. The password of --user is read from SKERRY_DOCTOR_PASSWORD. The exit code is 1 " +
      "if there is a fault. Reference: docs/doctor.md.",
    options: {
      url: { value: "URL", help: "Address of the registry; required" },
      user: { value: "NAME", help: "Name of a user or robot; anonymous by default" },
      image: { value: "REPOSITORY:TAG", help: "Pull an image, and check caches and ranges with it" },
      push: { value: "REPOSITORY", help: "Push, pull and delete a small image, and check limits of uploads" },
      public: {
        value: "URL",
        help: "Public endpoint: check with --push that its cache forgets a deleted image",
      },
      "max-body": { value: "SIZE", help: "Largest body to try with --push; 16MiB by default" },
      slow: { value: "SECONDS", help: "Time of the slowest body to try with --push; 5 by default" },
      json: JSON_LINES,
    },
    run: async ({ print }, { has, text }) => {
      const { doctor, PASSWORD_VARIABLE, readDoctorOptions } = await importRoom();
      const options = readDoctorOptions({
        url: text("url"),
        user: text("user"),
        password: Deno.env.get(PASSWORD_VARIABLE),
        image: text("image"),
        push: text("push"),
        publicUrl: text("public"),
        maxBody: text("max-body"),
        slow: text("slow"),
        json: has("json"),
      });
      return await doctor(print, options);
    },
  },
};
