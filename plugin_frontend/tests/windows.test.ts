import { describe, expect, it } from "vitest";
import { cellOf, plainPositions } from "../src/model/positions";
import { partsOf, placedIn, placesOf, windowText, windowUnder } from "../src/model/windows";
import { site } from "./helpers";

/** Four windows of 2 x 2 cells of a map of 4 x 4, as it is and rolled by 1 up and to the left. */
const PLAIN = {
  grid: [4, 4],
  cells: [
    [0, 1, 4, 5],
    [2, 3, 6, 7],
    [8, 9, 12, 13],
    [10, 11, 14, 15],
  ],
};
const SHIFTED = {
  grid: [4, 4],
  cells: [
    [5, 6, 9, 10],
    [7, 4, 11, 8],
    [13, 14, 1, 2],
    [15, 12, 3, 0],
  ],
};

describe("windowText", () => {
  it("says which rows and columns a window covers", () => {
    expect(windowText(PLAIN, 1)).toBe("window 1 of 4, rows 0–1, columns 2–3");
  });
  it("says that windows were shifted, and around the edge", () => {
    expect(windowText(SHIFTED, 0)).toBe("window 0 of 4, rows 1–2, columns 1–2, shifted by 1");
    expect(windowText(SHIFTED, 3)).toBe("window 3 of 4, rows 3 and 0, columns 3 and 0, shifted by 1");
    expect(windowText({ grid: [4, 8], cells: [[10, 11]] }, 0)).toBe(
      "window 0 of 1, row 1, columns 2–3, shifted by 1 down and 2 to the right",
    );
  });
  it("counts positions of a sequence", () => {
    expect(
      windowText(
        {
          grid: [6],
          cells: [
            [2, 3, 4],
            [5, 0, 1],
          ],
        },
        1,
      ),
    ).toBe("window 1 of 2, positions 5 and 0–1, shifted by 2");
  });
  it("leaves padding out", () => {
    const padded = {
      grid: [1, 3],
      cells: [
        [0, 1],
        [2, -1],
        [-1, -1],
      ],
    };
    expect(windowText(padded, 1)).toBe("window 1 of 3, row 0, column 2");
    expect(windowText(padded, 2)).toBe("window 2 of 3, padding only");
  });
});

describe("partsOf", () => {
  it("cuts a window around the edge into its runs", () => {
    expect(partsOf(SHIFTED, 1)).toEqual({
      rows: [[1, 2]],
      columns: [
        [3, 3],
        [0, 0],
      ],
    });
  });
});

describe("placesOf", () => {
  const windowed = (size: number) =>
    site({}, [
      { role: "heads", size: 1 },
      { role: "windows", size: 4, places: PLAIN },
      { role: "query", size },
      { role: "key", size },
    ]);
  it("takes places that fit the queries", () => {
    expect(placesOf(windowed(4))).toEqual(PLAIN);
    expect(placesOf(windowed(3))).toBeNull();
    expect(placesOf(site())).toBeNull();
  });
});

describe("placedIn", () => {
  const four = plainPositions(4, (position) => `position ${position}`);
  it("names the positions of a shifted window by their cells of the whole feature map", () => {
    const placed = placedIn(four, SHIFTED, 3);
    expect([0, 1, 2, 3].map((position) => placed.name(position))).toEqual([
      "row 3, col 3",
      "row 3, col 0",
      "row 0, col 3",
      "row 0, col 0",
    ]);
    expect(cellOf(placed, 1)).toEqual({ row: 3, column: 0 });
  });
  it("leaves positions as they are where it is not known which cells they are", () => {
    expect(placedIn(four, null, 0)).toBe(four);
    expect(placedIn(plainPositions(9, String), SHIFTED, 0).grid).toBeNull();
  });
});

describe("windowUnder", () => {
  it("finds the window that a place of the picture lies in, and the position there", () => {
    expect(windowUnder(SHIFTED, 0.1, 0.1)).toEqual({ window: 3, position: 3 });
    expect(windowUnder(PLAIN, 0.9, 0.1)).toEqual({ window: 1, position: 1 });
  });
});
