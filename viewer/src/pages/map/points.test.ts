import { describe, expect, it } from 'vitest';
import { blank, extentOf, fit, stampAt, stampOf } from './points';

describe('points of the map', () => {
  const at = (picture: ReturnType<typeof blank>, x: number, y: number) => [
    ...picture.bytes.slice(4 * (y * picture.width + x), 4 * (y * picture.width + x) + 4),
  ];

  it('are drawn where they are, and nowhere else', () => {
    const picture = blank(9, 9);
    stampAt(picture, stampOf(1), 4, 4, [10, 20, 30], 1);
    expect(at(picture, 4, 4)).toEqual([10, 20, 30, 255]);
    expect(at(picture, 4, 1)).toEqual([0, 0, 0, 0]);
  });

  it('lie over one another by their opacity', () => {
    const picture = blank(3, 3);
    stampAt(picture, stampOf(1), 1, 1, [200, 0, 0], 1);
    stampAt(picture, stampOf(1), 1, 1, [0, 200, 0], 0.5);
    expect(at(picture, 1, 1)).toEqual([100, 100, 0, 255]);
  });

  it('are cut at the edge and left out behind it', () => {
    const picture = blank(4, 4);
    stampAt(picture, stampOf(3), 0, 0, [1, 2, 3], 1);
    stampAt(picture, stampOf(3), -20, 50, [9, 9, 9], 1);
    expect(at(picture, 0, 0)).toEqual([1, 2, 3, 255]);
    expect(picture.bytes).not.toContain(9);
  });

  it('fill the frame with one scale for both axes, y upwards', () => {
    const place = fit(extentOf([0, 10], [0, 5]), 120, 100, 10);
    expect([place.x(0), place.x(10)]).toEqual([10, 110]);
    expect(place.y(0) - place.y(5)).toBeCloseTo(50);
    expect(place.y(2.5)).toBeCloseTo(50);
  });

  it('that are all one have a place too', () => {
    const place = fit(extentOf([3, 3], [4]), 100, 100, 10);
    expect(place.x(3)).toBeCloseTo(50);
    expect(place.y(4)).toBeCloseTo(50);
  });
});
