const MOST = 4_000_000;

/** Which tokens of each text are not in the longest common subsequence of both. */
export function differences(a: string[], b: string[]): [boolean[], boolean[]] {
  if (a.length * b.length > MOST) {
    return [a.map((token, i) => token !== b[i]), b.map((token, i) => token !== a[i])];
  }
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const mine = a.map(() => true);
  const theirs = b.map(() => true);
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      mine[i++] = false;
      theirs[j++] = false;
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [mine, theirs];
}
