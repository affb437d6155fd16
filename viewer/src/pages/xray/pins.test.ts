import { expect, it } from 'vitest';
import { parsePins, writePins } from './pins';

it('pins come back from the address, and nonsense does not', () => {
  const pins = [
    { encoder: 0, feature: 12 },
    { encoder: 3, feature: 4 },
  ];
  expect(parsePins(writePins(pins))).toEqual(pins);
  expect(parsePins('0/12,x/y,,7,1/2/3')).toEqual([{ encoder: 0, feature: 12 }]);
});
