import { expect, it } from 'vitest';
import { looseness, percent, signed } from './names';

it('labels that end with what was asked come first, those with its words alone last', () => {
  const labels = ['first ends in 5 or 6', 'in 5 equations: ends', 'sum ends in 5'];
  const sorted = labels.toSorted((a, b) => looseness(a, 'Ends in 5 ') - looseness(b, 'Ends in 5 '));
  expect(sorted).toEqual(['sum ends in 5', 'first ends in 5 or 6', 'in 5 equations: ends']);
});

it('shares near the whole are not rounded to it', () => {
  const shares = [0, 0.0004, 0.05, 0.5, 0.985, 0.9946, 0.997, 0.99996, 1].map(percent);
  expect(shares).toEqual(['0%', '<0.1%', '5.0%', '50%', '99%', '99.5%', '99.7%', '>99.9%', '100%']);
});

it('what rounding left of a zero has no sign', () => {
  expect([signed(0), signed(-2.7e-8), signed(-0.0041), signed(12.345)]).toEqual([
    '0',
    '≈0',
    '−4.1e-3',
    '+12.3',
  ]);
});
