import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../command.ts";
import { type DoctorTexts, readDoctorOptions } from "./options.ts";

const TEXTS: DoctorTexts = {
  url: "https://registry.example.com",
  user: undefined,
  password: undefined,
  image: undefined,
  push: undefined,
  publicUrl: undefined,
  maxBody: undefined,
  slow: undefined,
  json: false,
};

Deno.test("readDoctorOptions() reads an image, an account and limits", () => {
  const { url, pull, credentials, uploads } = readDoctorOptions({
    ...TEXTS,
    user: "ci",
    password: "secret",
    image: "team/app:1.0",
    maxBody: "1GiB",
    slow: "120",
  });
  assertEquals(url.href, "https://registry.example.com/");
  assertEquals(pull, { repository: "team/app", tag: "1.0" });
  assertEquals(credentials, { user: "ci", password: "secret" });
  assertEquals(uploads, { maxBodyBytes: 2 ** 30, slowSeconds: 120, patienceMs: 5000 });
  assertEquals(readDoctorOptions({ ...TEXTS, image: "app" }).pull, { repository: "app", tag: "latest" });
});

Deno.test("readDoctorOptions() reads the public endpoint of a registry that an image is pushed to", () => {
  const publicUrl = "https://pull.example.com";
  assertEquals(readDoctorOptions({ ...TEXTS, push: "app", publicUrl }).publicUrl?.href, `${publicUrl}/`);
});

Deno.test("readDoctorOptions() refuses invalid options", () => {
  for (
    const texts of [
      { url: undefined },
      { url: "registry.example.com" },
      { url: "https://registry.example.com/v2/" },
      { url: "https://user@registry.example.com" },
      { user: "ci" },
      { user: "ci", password: "" },
      { image: "Team/App" },
      { image: "app", push: "app" },
      { push: "../app" },
      { publicUrl: "https://pull.example.com" },
      { push: "app", publicUrl: "pull.example.com" },
      { maxBody: "0" },
      { slow: "0" },
    ]
  ) assertThrows(() => readDoctorOptions({ ...TEXTS, ...texts }), MisuseError);
});
