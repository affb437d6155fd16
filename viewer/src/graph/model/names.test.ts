import { expect, it } from 'vitest';
import { looseness } from './names';

it('labels that end with what was asked come first, those with its words alone last', () => {
  const labels = ['first ends in 5 or 6', 'in 5 equations: ends', 'sum ends in 5'];
  const sorted = labels.toSorted((a, b) => looseness(a, 'Ends in 5 ') - looseness(b, 'Ends in 5 '));
  expect(sorted).toEqual(['sum ends in 5', 'first ends in 5 or 6', 'in 5 equations: ends']);
});
