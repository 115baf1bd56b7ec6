import { expect, test } from "vitest";

import { frameOf } from "../src/model/madePicture";

const made = { shape: [3, 1, 2, 1], data: Uint8Array.from([0, 1, 10, 11, 20, 21]) };

test("each iteration has its own picture", () => {
  expect(frameOf(made, 1)).toEqual({ shape: [1, 2, 1], data: Uint8Array.from([10, 11]) });
});

test("one picture is that of all iterations", () => {
  const one = { shape: [1, 1, 2, 1], data: Uint8Array.from([7, 8]) };
  expect(frameOf(one, 5)).toEqual({ shape: [1, 2, 1], data: Uint8Array.from([7, 8]) });
});

test("until the pictures have come there is none", () => {
  expect(frameOf(null, 0)).toBeNull();
});
