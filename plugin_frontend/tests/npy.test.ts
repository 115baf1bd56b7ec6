import { expect, test } from "vitest";
import { readNpy } from "../src/api/npy";
import { npy } from "./helpers";

test("floats are read with their shape", () => {
  const array = readNpy(npy("<f4", [2, 2], new Uint8Array(Float32Array.of(0.5, -1, 2, NaN).buffer)));
  expect(array.shape).toEqual([2, 2]);
  expect([...array.data]).toEqual([0.5, -1, 2, NaN]);
});

test("counts of 64 bits become numbers", () => {
  const array = readNpy(npy("<i8", [3], new Uint8Array(BigInt64Array.of(0n, 7n, 2n ** 40n).buffer)));
  expect([...array.data]).toEqual([0, 7, 2 ** 40]);
});

test("halves are read, the smallest and infinity too", () => {
  const bits = Uint16Array.of(0x3c00, 0xb800, 0x0001, 0x7c00, 0x7e00);
  expect([...readNpy(npy("<f2", [5], new Uint8Array(bits.buffer))).data]).toEqual([1, -0.5, 2 ** -24, Infinity, NaN]);
});

test("a file that is cut is refused", () => {
  const whole = npy("|u1", [4], Uint8Array.of(1, 2, 3, 4));
  expect(() => readNpy(whole.subarray(0, whole.length - 1))).toThrow("array of 3 numbers instead of 4");
});

test("what is not a .npy file and types that are not ours are refused", () => {
  expect(() => readNpy(Uint8Array.of(1, 2, 3))).toThrow("not a .npy file");
  expect(() => readNpy(npy("|O", [1], Uint8Array.of(0)))).toThrow("unknown array type: |O");
});

test("numbers that are not aligned in memory are read too", () => {
  const file = npy("<f4", [2], new Uint8Array(Float32Array.of(1, 2).buffer));
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  expect([...readNpy(shifted.subarray(1)).data]).toEqual([1, 2]);
});
